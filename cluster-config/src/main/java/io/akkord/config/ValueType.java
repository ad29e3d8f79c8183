package io.akkord.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How one recipe value is read, checked and written.
 *
 * @param allowed what is allowed, in words
 * @param reader the value a scalar names; empty if it is not allowed
 * @param writer the text that {@code reader} reads as the same value
 */
record ValueType<T>(
    String allowed, Function<Scalar, Optional<T>> reader, Function<T, String> writer) {

  /**
   * A YAML scalar.
   *
   * @param plain written without quotes
   */
  record Scalar(String text, boolean plain) {
    /** A list of scalars, as one text. */
    static Scalar ofList(List<String> items) {
      return new Scalar("[" + String.join(", ", items) + "]", true);
    }

    boolean isNull() {
      return plain && (text.isEmpty() || text.equals("~") || text.equalsIgnoreCase("null"));
    }
  }

  private static final Pattern WHOLE = Pattern.compile("[-+]?[0-9]{1,18}");
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?");

  static ValueType<Integer> integer(int min, int max) {
    return whole(min, max).map(Long::intValue, Integer::longValue);
  }

  static ValueType<Long> whole(long min, long max) {
    return new ValueType<>(
        "a whole number from %d to %d".formatted(min, max),
        s -> wholeNumber(s).filter(v -> v >= min && v <= max),
        v -> Long.toString(v));
  }

  static ValueType<Double> number(String allowed, DoublePredicate ok) {
    return new ValueType<>(allowed, s -> decimal(s).filter(ok::test), v -> Double.toString(v));
  }

  static ValueType<Boolean> bool() {
    return new ValueType<>("true or false", ValueType::truth, v -> Boolean.toString(v));
  }

  /** The switch of a section; null is off. */
  static ValueType<Boolean> onOff() {
    return new ValueType<>(
        "a mapping of keys, or off",
        s -> s.isNull() ? Optional.of(false) : truth(s),
        v -> Boolean.toString(v));
  }

  static <E extends Enum<E>> ValueType<E> choice(Class<E> type) {
    E[] all = type.getEnumConstants();
    return new ValueType<>(
        Arrays.stream(all).map(ValueType::spelling).collect(Collectors.joining(" | ")),
        s -> Arrays.stream(all).filter(e -> spelling(e).equals(s.text)).findFirst(),
        ValueType::spelling);
  }

  /** Some of a set of names, in any order. */
  static ValueType<List<String>> someOf(List<String> names, String all) {
    return new ValueType<>(
        "a list of " + String.join(", ", names) + ", or " + all,
        s -> items(s.text, all).filter(list -> list.contains(all) || names.containsAll(list)),
        list -> "[" + String.join(", ", list) + "]");
  }

  private static Optional<List<String>> items(String text, String all) {
    if (text.equals(all)) {
      return Optional.of(List.of(all));
    }
    if (!text.startsWith("[") || !text.endsWith("]")) {
      return Optional.empty();
    }
    List<String> items = List.of(text.substring(1, text.length() - 1).trim().split("\\s*,\\s*"));
    return Optional.of(items).filter(list -> !list.contains(""));
  }

  static ValueType<Path> path(String what) {
    return new ValueType<>(what, ValueType::pathOf, p -> RecipeYaml.quoted(p.toString()));
  }

  static ValueType<MemoryLimit> memory() {
    return new ValueType<>(
        "auto, or a size with its unit such as 512MiB or 2GiB",
        s -> MemoryLimit.parse(s.text),
        MemoryLimit::toString);
  }

  static ValueType<StepsOrShare> stepsOrShare() {
    return new ValueType<>(
        "a whole number of steps from 1 on, or a share of the run between 0 and 1 such as 0.25",
        ValueType::span,
        StepsOrShare::toString);
  }

  /** The same, or null, which is an empty value: not to be confused with one not allowed. */
  @SuppressWarnings("OptionalMapToOptional")
  ValueType<Optional<T>> orNull() {
    return new ValueType<>(
        allowed + ", or null",
        s -> s.isNull() ? Optional.of(Optional.empty()) : reader.apply(s).map(Optional::of),
        v -> v.map(writer).orElse("null"));
  }

  private <U> ValueType<U> map(Function<T, U> there, Function<U, T> back) {
    return new ValueType<>(
        allowed, s -> reader.apply(s).map(there), v -> writer.apply(back.apply(v)));
  }

  /** An enum constant as recipes spell it. */
  static String spelling(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static Optional<Long> wholeNumber(Scalar s) {
    return s.plain && WHOLE.matcher(s.text).matches()
        ? Optional.of(Long.parseLong(s.text))
        : Optional.empty();
  }

  private static Optional<Double> decimal(Scalar s) {
    // YAML 1.1 takes 5e-5 for text; people write it for a number, so it is one here.
    return s.plain && NUMBER.matcher(s.text).matches()
        ? Optional.of(Double.parseDouble(s.text)).filter(v -> !v.isInfinite())
        : Optional.empty();
  }

  private static Optional<Boolean> truth(Scalar s) {
    if (!s.plain) {
      return Optional.empty();
    }
    return switch (s.text.toLowerCase(Locale.ROOT)) {
      case "true", "on", "yes" -> Optional.of(true);
      case "false", "off", "no" -> Optional.of(false);
      default -> Optional.empty();
    };
  }

  private static Optional<Path> pathOf(Scalar s) {
    try {
      boolean list = s.plain && s.text.startsWith("[");
      return list || s.isNull() || s.text.isBlank()
          ? Optional.empty()
          : Optional.of(Path.of(s.text));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static Optional<StepsOrShare> span(Scalar s) {
    Optional<Long> steps = wholeNumber(s);
    if (steps.isPresent()) {
      return steps.filter(v -> v >= 1).map(StepsOrShare.Steps::new);
    }
    return decimal(s).filter(v -> v > 0 && v < 1).map(StepsOrShare.Share::new);
  }
}

package io.akkord.config;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** Records as lists of named values, so that keys and components cannot drift apart. */
final class Records {
  private Records() {}

  /** Component names of {@code type} in their order, words joined by {@code separator}. */
  static List<String> names(Class<? extends Record> type, char separator) {
    return Arrays.stream(type.getRecordComponents())
        .map(c -> words(c.getName(), separator))
        .toList();
  }

  /** A record whose components are what {@code valueOf} gives for their names. */
  static <R extends Record> R create(
      Class<R> type, char separator, Function<String, Object> valueOf) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    Object[] values = names(type, separator).stream().map(valueOf).toArray();
    try {
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      throw new IllegalStateException(type + " does not take " + Arrays.toString(values), e);
    }
  }

  /** The values of {@code from} by component name, in order. */
  static Map<String, Object> values(Record from, char separator) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (RecordComponent component : from.getClass().getRecordComponents()) {
      try {
        values.put(words(component.getName(), separator), component.getAccessor().invoke(from));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("cannot read " + component, e);
      }
    }
    return values;
  }

  private static String words(String camelCase, char separator) {
    // adamBeta1 is adam_beta1: a digit starts no word
    return camelCase.replaceAll("([A-Z])", separator + "$1").toLowerCase(Locale.ROOT);
  }
}

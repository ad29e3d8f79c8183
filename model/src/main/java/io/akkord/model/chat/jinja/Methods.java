package io.akkord.model.chat.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Methods of Python's text, mappings and lists that change nothing. */
final class Methods {
  private Methods() {}

  /** The method bound to its object, or null. */
  static Function of(Object object, String name) {
    if (object instanceof String s) {
      return text(s, name);
    }
    if (object instanceof Map<?, ?> m) {
      return mapping(m, name);
    }
    return object instanceof List<?> l ? list(l, name) : null;
  }

  private static Function text(String s, String name) {
    return switch (name) {
      case "strip" -> (a, n) -> strip(s, a, true, true);
      case "lstrip" -> (a, n) -> strip(s, a, true, false);
      case "rstrip" -> (a, n) -> strip(s, a, false, true);
      case "startswith" -> (a, n) -> options(a).stream().anyMatch(s::startsWith);
      case "endswith" -> (a, n) -> options(a).stream().anyMatch(s::endsWith);
      case "upper" -> (a, n) -> s.toUpperCase(Locale.ROOT);
      case "lower" -> (a, n) -> s.toLowerCase(Locale.ROOT);
      case "title" -> (a, n) -> title(s);
      case "capitalize" -> (a, n) -> capitalize(s);
      case "split" -> (a, n) -> split(s, a, n);
      case "rsplit" -> (a, n) -> rsplit(s, string(a, 0), a.size() > 1 ? count(a.get(1)) : -1);
      case "splitlines" -> (a, n) -> new ArrayList<Object>(s.lines().toList());
      case "replace" ->
          (a, n) -> replace(s, string(a, 0), string(a, 1), a.size() > 2 ? count(a.get(2)) : -1);
      case "removeprefix" ->
          (a, n) -> s.startsWith(string(a, 0)) ? s.substring(string(a, 0).length()) : s;
      case "removesuffix" ->
          (a, n) ->
              s.endsWith(string(a, 0)) ? s.substring(0, s.length() - string(a, 0).length()) : s;
      case "find" -> (a, n) -> position(s, s.indexOf(string(a, 0)));
      case "rfind" -> (a, n) -> position(s, s.lastIndexOf(string(a, 0)));
      case "count" -> (a, n) -> (long) pieces(s, string(a, 0), -1).size() - 1;
      case "join" ->
          (a, n) -> Values.items(a.get(0)).stream().map(Values::text).collect(joining(s));
      case "isdigit" -> (a, n) -> !s.isEmpty() && s.codePoints().allMatch(Character::isDigit);
      case "isalpha" -> (a, n) -> !s.isEmpty() && s.codePoints().allMatch(Character::isLetter);
      case "isspace" -> (a, n) -> !s.isEmpty() && s.isBlank();
      default -> null;
    };
  }

  private static Function mapping(Map<?, ?> map, String name) {
    return switch (name) {
      case "get" ->
          (a, n) -> map.containsKey(a.get(0)) ? map.get(a.get(0)) : a.size() > 1 ? a.get(1) : null;
      case "items" -> (a, n) -> items(map);
      case "keys" -> (a, n) -> new ArrayList<Object>(map.keySet());
      case "values" -> (a, n) -> new ArrayList<Object>(map.values());
      default -> null;
    };
  }

  private static Function list(List<?> list, String name) {
    return switch (name) {
      case "index" -> (a, n) -> (long) list.indexOf(a.get(0));
      case "count" -> (a, n) -> list.stream().filter(x -> Values.equal(x, a.get(0))).count();
      default -> null;
    };
  }

  /** Pairs of key and value. */
  static List<Object> items(Map<?, ?> map) {
    return map.entrySet().stream()
        .map(e -> (Object) Arrays.asList((Object) e.getKey(), e.getValue()))
        .collect(Collectors.toList());
  }

  private static java.util.stream.Collector<CharSequence, ?, String> joining(String between) {
    return Collectors.joining(between);
  }

  private static String string(List<Object> arguments, int index) {
    if (index < arguments.size() && arguments.get(index) instanceof String s) {
      return s;
    }
    throw new JinjaException("a method of text needs text as argument " + (index + 1));
  }

  private static int count(Object value) {
    return (int) Values.number(value);
  }

  private static List<String> options(List<Object> arguments) {
    return arguments.get(0) instanceof List<?> several
        ? several.stream().map(Values::text).toList()
        : List.of(string(arguments, 0));
  }

  /** Python's strip: white space, or the characters of the argument. */
  static String strip(String s, List<Object> arguments, boolean front, boolean back) {
    String set = arguments.isEmpty() || arguments.get(0) == null ? null : string(arguments, 0);
    int from = 0;
    int to = s.length();
    while (front && from < to && strips(set, s.charAt(from))) {
      from++;
    }
    while (back && from < to && strips(set, s.charAt(to - 1))) {
      to--;
    }
    return s.substring(from, to);
  }

  private static boolean strips(String set, char c) {
    return set == null
        ? Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085'
        : set.indexOf(c) >= 0;
  }

  private static Object split(String s, List<Object> arguments, Map<String, Object> named) {
    Object limit = arguments.size() > 1 ? arguments.get(1) : named.get("maxsplit");
    int most = limit == null ? -1 : count(limit);
    Object separator = arguments.isEmpty() ? named.get("sep") : arguments.get(0);
    if (separator != null) {
      return pieces(s, (String) separator, most);
    }
    String text = strip(s, List.of(), true, true);
    return text.isEmpty()
        ? new ArrayList<>()
        : new ArrayList<Object>(List.of(text.split("\\s+", most < 0 ? 0 : most + 1)));
  }

  private static List<Object> pieces(String s, String separator, int most) {
    if (separator.isEmpty()) {
      throw new JinjaException("empty separator");
    }
    List<Object> pieces = new ArrayList<>();
    int from = 0;
    int next = s.indexOf(separator);
    while (next >= 0 && (most < 0 || pieces.size() < most)) {
      pieces.add(s.substring(from, next));
      from = next + separator.length();
      next = s.indexOf(separator, from);
    }
    pieces.add(s.substring(from));
    return pieces;
  }

  private static Object rsplit(String s, String separator, int most) {
    List<Object> pieces = pieces(s, separator, -1);
    int joined = most < 0 ? 1 : pieces.size() - most;
    if (joined <= 1) {
      return pieces;
    }
    List<Object> result = new ArrayList<>();
    result.add(
        pieces.subList(0, joined).stream()
            .map(Values::text)
            .collect(Collectors.joining(separator)));
    result.addAll(pieces.subList(joined, pieces.size()));
    return result;
  }

  static String replace(String s, String old, String fresh, int most) {
    if (most < 0) {
      return s.replace(old, fresh);
    }
    return pieces(s, old, most).stream().map(Values::text).collect(Collectors.joining(fresh));
  }

  private static long position(String s, int index) {
    return index < 0 ? -1 : s.codePointCount(0, index);
  }

  static String capitalize(String s) {
    return s.isEmpty()
        ? s
        : s.substring(0, 1).toUpperCase(Locale.ROOT) + s.substring(1).toLowerCase(Locale.ROOT);
  }

  static String title(String s) {
    StringBuilder title = new StringBuilder();
    boolean begins = true;
    for (char c : s.toCharArray()) {
      title.append(begins ? Character.toUpperCase(c) : Character.toLowerCase(c));
      begins = !Character.isLetter(c);
    }
    return title.toString();
  }
}

package io.akkord.actors.dashboard.http;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request, free of the library that received it.
 *
 * @param path decoded segments
 * @param query the last value of each name
 * @param headers by lower-case name
 * @param body what came with it; empty if nothing did
 */
record Question(
    String method,
    List<String> path,
    Map<String, String> query,
    Map<String, String> headers,
    String body) {

  Question(
      String method, List<String> path, Map<String, String> query, Map<String, String> headers) {
    this(method, path, query, headers, "");
  }

  Question withBody(String text) {
    return new Question(method, path, query, headers, text);
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  String text(String name, String otherwise) {
    return query.getOrDefault(name, otherwise);
  }

  /** A number within bounds; what is none is a mistake of who asks. */
  int number(String name, int otherwise, int least, int most) {
    String text = query.get(name);
    if (text == null) {
      return otherwise;
    }
    try {
      int value = Integer.parseInt(text);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new Refused(400, "%s is not a number from %d to %d".formatted(name, least, most));
  }
}

package io.akkord.actors.dashboard.http;

import java.nio.charset.StandardCharsets;

/** What is sent back. */
@SuppressWarnings("ArrayRecordComponent")
record Answer(int status, String type, byte[] body, boolean keep) {
  static Answer json(Object value) {
    return json(200, value);
  }

  static Answer json(int status, Object value) {
    return new Answer(
        status, "application/json", Json.text(value).getBytes(StandardCharsets.UTF_8), false);
  }

  static Answer text(String type, String body) {
    return new Answer(200, type, body.getBytes(StandardCharsets.UTF_8), false);
  }
}

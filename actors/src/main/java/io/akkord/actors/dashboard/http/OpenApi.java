package io.akkord.actors.dashboard.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * {@code openapi.json}: every question under {@code /api/v1} and the shape of its answer, as it is
 * served. Operations with the tag head are answered by the head of a cluster only.
 */
final class OpenApi {
  private static final String FILE = "/io/akkord/actors/dashboard/openapi.json";

  private OpenApi() {}

  static JsonNode document() {
    try (InputStream in = OpenApi.class.getResourceAsStream(FILE)) {
      if (in == null) {
        throw new IllegalStateException(FILE + " is not in the build");
      }
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** Answers to the questions of {@code /api/v1}, wherever they come from. */
public interface Answers extends AutoCloseable {
  /**
   * What {@code GET /api/v1/PATH} answers.
   *
   * @param path segments, not encoded
   */
  JsonNode get(List<String> path, Map<String, String> query);

  /** Whether what is asked about goes on. */
  boolean live();

  /** What is asked, for people. */
  String place();

  @Override
  void close();
}

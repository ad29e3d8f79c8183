package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * Rows that were looked at.
 *
 * @param total how many there are
 * @param rest where those are that were not looked at; empty where they can be asked for
 */
public record Rows(Kind kind, List<JsonNode> list, long total, String rest) {
  /** Whether all were looked at. */
  public boolean complete() {
    return list.size() >= total;
  }

  /** What a person should know of the others. */
  public String note() {
    return "only %,d of %,d %s were looked at%s"
        .formatted(list.size(), total, kind.text(), rest.isEmpty() ? "" : ": " + rest);
  }
}

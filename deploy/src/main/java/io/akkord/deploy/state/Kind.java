package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.model.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What can be listed: where its rows come from, what names one, what a table shows of it. */
public enum Kind {
  NODES(
      "nodes", "rows", "node", "node state pid roles devices cores rss_bytes heard_at incarnation"),
  ACTORS("actors", "rows", "path", "path state restarts mailbox reason"),
  WORKERS("nodes", "workers", "id", "id state reason joins since"),
  RUNS(
      "runs", "rows", "id", "id state committed_steps total_steps tokens tokens_per_second reason"),
  SAMPLES("samples", "rows", "id", "id origin average last_cost visits revision prompt"),
  REWRITES("rewrites", "rows", "id", "id cycle revision accepted cost_before cost_after reason"),
  CHECKPOINTS(
      "checkpoints",
      "rows",
      "committed_steps",
      "committed_steps state verified bytes seconds blocked_seconds resumes_from_here folder"),
  STEPS("steps", "rows", "step", "step epoch loss nll mean_p mean_w grad_norm lr seconds tokens");

  private static final int MOST_PAGES = 200;

  private final String path;
  private final String list;
  private final String id;
  private final List<String> columns;

  Kind(String path, String list, String id, String columns) {
    this.path = path;
    this.list = list;
    this.id = id;
    this.columns = List.of(columns.split(" "));
  }

  /**
   * The kind of that name.
   *
   * @throws UserError naming the others
   */
  public static Kind of(String text) {
    return Arrays.stream(values())
        .filter(kind -> kind.text().equals(text) || kind.text().equals(text + "s"))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "there are no '%s'; allowed are %s"
                        .formatted(
                            text,
                            Arrays.stream(values())
                                .map(Kind::text)
                                .collect(Collectors.joining(", ")))));
  }

  /** As people write it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The column that names a row. */
  public String id() {
    return id;
  }

  /** What a table shows without --detail. */
  public List<String> columns() {
    return columns;
  }

  private boolean paged() {
    return this == SAMPLES || this == REWRITES;
  }

  /** Rows in the order of the page, at least so many if there are. */
  public List<JsonNode> rows(StateSource source, int atLeast) {
    List<JsonNode> rows = new ArrayList<>();
    for (int page = 0; page < (paged() ? MOST_PAGES : 1); page++) {
      Map<String, String> query =
          paged()
              ? Map.of("page", "" + page)
              : this == STEPS
                  ? Map.of("limit", "" + Math.min(512, Math.max(1, atLeast)))
                  : Map.of();
      JsonNode answer = source.get(List.of(path), query);
      answer.path(list).forEach(rows::add);
      if (answer.path(list).isEmpty() || rows.size() >= atLeast) {
        break;
      }
    }
    if (this == STEPS) {
      // The page draws them upwards; a list begins with the newest.
      Collections.reverse(rows);
    }
    return rows;
  }

  /** One row in full. */
  public JsonNode row(StateSource source, String wanted) {
    if (this == SAMPLES) {
      return source.get(List.of(path, wanted), Map.of());
    }
    return rows(source, Integer.MAX_VALUE).stream()
        .filter(row -> row.path(id).asText().equals(wanted))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "there is no %s '%s' (column %s); akkord list %s shows what there is"
                        .formatted(text().substring(0, text().length() - 1), wanted, id, text())));
  }
}

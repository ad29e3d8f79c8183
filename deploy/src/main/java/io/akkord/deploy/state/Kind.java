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
      "nodes",
      "rows",
      "node",
      "node state pid roles devices cores memory_bytes rss_bytes heard_at incarnation"),
  ACTORS("actors", "rows", "path", "path node state restarts restarts_of mailbox reason"),
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

  /** So far down samples can be asked for. */
  private static final int SAMPLE_PAGES = 200;

  private static final int REWRITE_PAGES = 2_000;

  /** Steps that are kept in full. */
  private static final int STEPS_KEPT = 512;

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

  /** Whether no two rows have the same name; a sample may have been rewritten in many cycles. */
  public boolean unique() {
    return this != REWRITES;
  }

  private int pages() {
    return this == SAMPLES ? SAMPLE_PAGES : this == REWRITES ? REWRITE_PAGES : 1;
  }

  /** Rows in the order of the page, at least so many if there are. */
  public Rows rows(Answers answers, int atLeast) {
    return rows(answers, atLeast, "");
  }

  /**
   * Rows in the order of the page, at least so many if there are.
   *
   * @param part of samples only those that have it in id, origin or text
   */
  public Rows rows(Answers answers, int atLeast, String part) {
    List<JsonNode> rows = new ArrayList<>();
    long total = 0;
    for (int page = 0; page < pages(); page++) {
      JsonNode answer = answers.get(List.of(path), query(page, atLeast, part));
      answer.path(list).forEach(rows::add);
      total = total(answer, rows);
      if (answer.path(list).isEmpty() || rows.size() >= atLeast || rows.size() >= total) {
        break;
      }
    }
    if (this == STEPS) {
      // The page draws them upwards; a list begins with the newest.
      Collections.reverse(rows);
    }
    return new Rows(this, rows, total, rest());
  }

  private Map<String, String> query(int page, int atLeast, String part) {
    return switch (this) {
      case SAMPLES -> Map.of("page", "" + page, "q", part);
      case REWRITES -> Map.of("page", "" + page);
      case STEPS -> Map.of("limit", "" + Math.min(STEPS_KEPT, Math.max(1, atLeast)));
      default -> Map.of();
    };
  }

  private long total(JsonNode answer, List<JsonNode> rows) {
    return switch (this) {
      case SAMPLES, REWRITES -> answer.path("matching").asLong(rows.size());
      case STEPS -> answer.path("committed_steps").asLong(rows.size());
      default -> rows.size();
    };
  }

  private String rest() {
    return switch (this) {
      case STEPS ->
          "the newest are kept in full, metrics.jsonl in the run's folder has all of them";
      case SAMPLES ->
          "those with the highest averages; akkord ledger export writes all of them, --filter id=ID finds one";
      default -> "";
    };
  }

  /**
   * Everything that has this name, in full; more than one row only where names are not unique.
   *
   * @throws UserError if nothing has
   */
  public List<JsonNode> find(Answers answers, String wanted) {
    if (this == SAMPLES) {
      return List.of(answers.get(List.of(path, wanted), Map.of()));
    }
    Rows all = rows(answers, Integer.MAX_VALUE);
    List<JsonNode> found =
        all.list().stream().filter(row -> row.path(id).asText().equals(wanted)).toList();
    if (found.isEmpty()) {
      throw new UserError(
          "there is no %s '%s' (column %s); akkord list %s shows what there is%s"
              .formatted(
                  text().substring(0, text().length() - 1),
                  wanted,
                  id,
                  text(),
                  all.complete() ? "" : "; " + all.note()));
    }
    return found;
  }
}

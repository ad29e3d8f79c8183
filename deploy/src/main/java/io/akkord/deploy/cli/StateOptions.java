package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.deploy.state.Answers;
import io.akkord.deploy.state.Kind;
import io.akkord.deploy.state.Output;
import io.akkord.deploy.state.RowFilter;
import io.akkord.deploy.state.Rows;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Whom a state command asks, and how it answers. */
final class StateOptions {
  @Mixin private PlaceOptions place;

  @Option(
      names = "--filter",
      paramLabel = "COLUMN=VALUE",
      description = "only such rows; COLUMN!=VALUE: only others; may be repeated")
  private List<String> filters = List.of();

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table, json or yaml (default: ${DEFAULT-VALUE})")
  private String format;

  Answers open() {
    return place.open();
  }

  Output.Format format() {
    return Output.format(format);
  }

  List<RowFilter> filters() {
    return filters.stream().map(RowFilter::of).toList();
  }

  /** Rows to choose from: with a filter all that can be had, else at least so many. */
  Rows rows(Answers answers, Kind kind, int atLeast) {
    List<RowFilter> wanted = filters();
    return kind.rows(
        answers, wanted.isEmpty() ? atLeast : Integer.MAX_VALUE, RowFilter.part(wanted));
  }

  /** Those that the filters let through. */
  List<JsonNode> chosen(Rows rows) {
    return RowFilter.apply(filters(), rows.list());
  }

  /** Whether rows that nobody looked at could have been among the answer. */
  boolean incomplete(Rows rows, int wanted) {
    boolean enough = filters.isEmpty() && rows.list().size() >= wanted;
    return !rows.complete() && !enough;
  }

  /** Why there may be nothing to show. */
  static String nothing(Kind kind, Answers answers) {
    boolean needsLife = kind == Kind.NODES || kind == Kind.ACTORS;
    return needsLife && !answers.live()
        ? "No %s: %s does not go on; akkord list workers says who took part."
            .formatted(kind.text(), answers.place())
        : "No %s.".formatted(kind.text());
  }
}

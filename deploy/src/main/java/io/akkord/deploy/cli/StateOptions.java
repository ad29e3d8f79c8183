package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.deploy.state.Kind;
import io.akkord.deploy.state.Output;
import io.akkord.deploy.state.RowFilter;
import io.akkord.deploy.state.StateSource;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Which run a state command asks, and how it answers. */
final class StateOptions {
  /** Filters and summaries look at so many rows. */
  static final int ALL = 10_000;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      defaultValue = ".",
      description =
          "output_dir of a run, or a folder of runs, of which the newest is meant (default: here, or runs/)")
  private Path dir;

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

  StateSource open() {
    return StateSource.open(dir);
  }

  Output.Format format() {
    return Output.format(format);
  }

  List<RowFilter> filters() {
    return filters.stream().map(RowFilter::of).toList();
  }

  /** Rows that the filters let through, of the first so many. */
  List<JsonNode> rows(StateSource source, Kind kind, int atLeast) {
    List<RowFilter> wanted = filters();
    return RowFilter.apply(wanted, kind.rows(source, wanted.isEmpty() ? atLeast : ALL));
  }

  /** Why there may be nothing to show. */
  static String nothing(Kind kind, StateSource source) {
    boolean needsLife = kind == Kind.NODES || kind == Kind.ACTORS;
    return needsLife && !source.live()
        ? "No %s: the run in %s does not go on; akkord list workers says who took part."
            .formatted(kind.text(), source.folder())
        : "No %s.".formatted(kind.text());
  }
}

package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerReader.Row;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.ledger.LedgerVisit;
import io.akkord.model.UserError;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The ledger as JSONL. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = "Writes the ledger as JSONL: a line for each sample, or for each visit.")
final class LedgerExportCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Parameters(arity = "0..1", paramLabel = "DIR", description = "the same as --run DIR")
  private Path folder;

  @Mixin private RunOptions run;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "file to write; an old one is replaced")
  private Path file;

  @Option(names = "--visits", description = "one line per visit instead of one per sample")
  private boolean visits;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    long lines;
    try (RunRecord record = run.open(folder);
        BufferedWriter writer = Files.newBufferedWriter(file)) {
      lines = visits ? visits(record, writer) : samples(record, writer);
    } catch (IOException | UncheckedIOException e) {
      throw new UserError(
          "%s cannot be written (%s); name another file with -o".formatted(file, e.getMessage()),
          e);
    }
    spec.commandLine().getErr().printf("%s: %d lines%n", file, lines);
    return 0;
  }

  private static long samples(RunRecord record, BufferedWriter writer) throws IOException {
    LedgerState state = record.ledger().state();
    for (int sample = 0; sample < state.samples(); sample++) {
      write(writer, fields(record, LedgerReader.row(state, sample)));
    }
    return state.samples();
  }

  /** One sample; the average and the last cost are null while it has no visit. */
  static Map<String, Object> fields(RunRecord record, Row row) {
    Map<String, Object> line = new LinkedHashMap<>();
    String origin = record.samples().origin(row.sample());
    line.put("id", record.samples().id(row.sample()));
    line.put("origin", origin.isEmpty() ? null : origin);
    line.put("average", row.visits() == 0 ? null : row.average());
    line.put("visits", row.visits());
    line.put("revision", row.revision());
    line.put("last_cost", Float.isNaN(row.lastCost()) ? null : row.lastCost());
    return line;
  }

  private static long visits(RunRecord record, BufferedWriter writer) {
    long[] lines = {0};
    record
        .ledger()
        .export(
            visit -> {
              write(writer, fields(record, visit));
              lines[0]++;
            });
    return lines[0];
  }

  private static Map<String, Object> fields(RunRecord record, LedgerVisit visit) {
    Map<String, Object> line = new LinkedHashMap<>();
    OptionalDouble weight = record.weight(visit);
    line.put("id", record.samples().id(visit.sample()));
    line.put("attempt", visit.attempt());
    line.put("step", visit.step());
    line.put("revision", visit.revision());
    line.put("cost", visit.cost());
    line.put("mean", visit.mean());
    line.put("std", visit.std());
    line.put("z", visit.z());
    line.put("weight", weight.isPresent() ? weight.getAsDouble() : null);
    line.put("skipped", visit.skipped());
    return line;
  }

  private static void write(BufferedWriter writer, Map<String, Object> line) {
    try {
      writer.write(JSON.writeValueAsString(line));
      writer.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package io.akkord.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.ledger.LedgerReader.Row;
import io.akkord.model.data.TokenizedSample;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The demonstrations that fit the model worst. */
@Command(
    name = "top",
    mixinStandardHelpOptions = true,
    description = "The samples with the highest moving average of the score: the worst fits first.")
final class LedgerTopCommand implements Callable<Integer> {
  private enum Format {
    TABLE,
    JSON
  }

  @Parameters(arity = "0..1", paramLabel = "DIR", description = "the same as --run DIR")
  private Path folder;

  @Mixin private RunOptions run;

  @Option(names = "-n", defaultValue = "10", description = "how many (default: ${DEFAULT-VALUE})")
  private int count;

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table or json (one line per sample; default: ${DEFAULT-VALUE})")
  private Format format;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws JsonProcessingException {
    if (count < 1) {
      throw new ParameterException(spec.commandLine(), "-n is " + count + "; at least 1");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (RunRecord record = run.open(folder)) {
      List<Row> rows = record.ledger().top(count);
      Map<Integer, int[]> rewritten = rewritten(record, rows);
      if (format == Format.TABLE) {
        table(out, record, rows, rewritten);
      } else {
        for (Row row : rows) {
          out.println(json(record, row, rewritten));
        }
      }
    }
    out.flush();
    return 0;
  }

  /** Completions in force instead of the data file's. */
  private static Map<Integer, int[]> rewritten(RunRecord record, List<Row> rows) {
    return rows.stream().allMatch(row -> row.revision() == 0)
        ? Map.of()
        : record.ledger().state().rewritten().stream()
            .collect(Collectors.toMap(RewrittenSample::sample, RewrittenSample::completionIds));
  }

  private static void table(
      PrintWriter out, RunRecord record, List<Row> rows, Map<Integer, int[]> rewritten) {
    int width =
        rows.stream().mapToInt(row -> record.samples().id(row.sample()).length()).max().orElse(2);
    String lead = "%-" + Math.max(2, width) + "s  ";
    out.printf(
        Locale.ROOT,
        lead + "%8s  %6s  %8s  %s%n",
        "id",
        "average",
        "visits",
        "revision",
        "prompt | completion");
    for (Row row : rows) {
      String fields =
          String.format(
              Locale.ROOT,
              lead + "%8.3f  %6d  %8d  ",
              record.samples().id(row.sample()),
              row.average(),
              row.visits(),
              row.revision());
      out.println(fields + text(record, row, rewritten, Terminal.left(fields.length())));
    }
    if (rows.isEmpty()) {
      out.println("no sample has been visited since it was last rewritten");
    }
  }

  /** The beginnings of prompt and completion, which share the room. */
  private static String text(
      RunRecord record, Row row, Map<Integer, int[]> rewritten, int characters) {
    TokenizedSample sample = record.samples().sample(row.sample());
    int[] ids = rewritten.getOrDefault(row.sample(), sample.completionIds());
    String completion = record.completion(sample.promptIds(), ids);
    String prompt = Terminal.oneLine(record.text(sample.promptIds()), characters / 2);
    return prompt + " | " + Terminal.oneLine(completion, characters - prompt.length() - 3);
  }

  private static String json(RunRecord record, Row row, Map<Integer, int[]> rewritten)
      throws JsonProcessingException {
    TokenizedSample sample = record.samples().sample(row.sample());
    int[] completion = rewritten.getOrDefault(row.sample(), sample.completionIds());
    Map<String, Object> line = new LinkedHashMap<>(LedgerExportCommand.fields(record, row));
    line.put("prompt", record.text(sample.promptIds()));
    line.put("completion", record.completion(sample.promptIds(), completion));
    return new ObjectMapper().writeValueAsString(line);
  }
}

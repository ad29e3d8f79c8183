package io.akkord.deploy.cli;

import io.akkord.actors.dashboard.Excerpt;
import io.akkord.actors.ledger.LedgerReader.History;
import io.akkord.actors.ledger.LedgerVersion;
import io.akkord.actors.ledger.LedgerVisit;
import io.akkord.deploy.state.Table;
import io.akkord.model.data.TokenizedSample;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Everything about one demonstration. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "Every visit of one sample and every version of its text.")
final class LedgerShowCommand implements Callable<Integer> {
  /** Bytes of a line; the sample's page and akkord ledger export have more. */
  private static final int LONGEST_LINE = 4_000;

  @Parameters(index = "0", paramLabel = "ID", description = "id of the sample")
  private String id;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "DIR",
      description = "the same as --run DIR")
  private Path folder;

  @Mixin private RunOptions run;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (RunRecord record = run.open(folder)) {
      int index = record.index(id);
      History history = record.ledger().history(index);
      String origin = record.samples().origin(index);
      out.println(
          Table.safe("sample %s%s".formatted(id, origin.isEmpty() ? "" : ", origin " + origin)));
      visits(out, record, history.visits());
      versions(out, record, index, history.versions());
    }
    out.flush();
    return 0;
  }

  private static void visits(PrintWriter out, RunRecord record, List<LedgerVisit> visits) {
    if (visits.isEmpty()) {
      out.println("never visited");
      return;
    }
    out.printf("%n%s%n", "visits (c: nats per token; z: against its batch)");
    out.printf("%8s %8s %8s %10s %8s %8s%n", "attempt", "step", "revision", "c", "z", "weight");
    for (LedgerVisit visit : visits) {
      OptionalDouble weight = record.weight(visit);
      out.printf(
          Locale.ROOT,
          "%8d %8d %8d %10.4f %8.3f %8s%s%n",
          visit.attempt(),
          visit.step(),
          visit.revision(),
          visit.cost(),
          visit.z(),
          weight.isPresent() ? String.format(Locale.ROOT, "%.4f", weight.getAsDouble()) : "-",
          visit.skipped() ? "  (step skipped)" : "");
    }
  }

  private static void versions(
      PrintWriter out, RunRecord record, int index, List<LedgerVersion> versions) {
    TokenizedSample sample = record.samples().sample(index);
    out.printf("%nprompt%n");
    text(out, record.text(sample.promptIds()));
    int inForce =
        versions.stream()
            .filter(LedgerVersion::accepted)
            .mapToInt(LedgerVersion::revision)
            .max()
            .orElse(0);
    out.printf("%nrevision 0: the data file's%s%n", inForce == 0 ? " (in force)" : "");
    text(out, record.completion(sample.promptIds(), sample.completionIds()));
    for (LedgerVersion version : versions) {
      boolean now = version.accepted() && version.revision() == inForce;
      out.printf("%n%s%s%n", headline(version), now ? " (in force)" : "");
      text(out, record.completion(sample.promptIds(), version.completionIds()));
    }
  }

  private static String headline(LedgerVersion version) {
    return String.format(
        Locale.ROOT,
        "%s: cycle %d after step %d, policy version %d, c %.4f -> %s; %s",
        version.accepted() ? "revision " + version.revision() : "not taken",
        version.cycle(),
        version.committedSteps(),
        version.policyVersion(),
        version.costBefore(),
        Double.isNaN(version.costAfter())
            ? "not scored"
            : String.format(Locale.ROOT, "%.4f", version.costAfter()),
        version.reason());
  }

  private static void text(PrintWriter out, String text) {
    lines(text).forEach(out::println);
  }

  /** A text from a data file may hold anything; none of it reaches the terminal as it is. */
  static List<String> lines(String text) {
    String shown = text.isBlank() ? "(empty)" : text.strip();
    return shown.lines().map(line -> "  | " + Table.safe(Excerpt.of(line, LONGEST_LINE))).toList();
  }
}

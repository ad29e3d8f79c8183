package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.dashboard.HostileRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A line of a megabyte, and marks that turn a terminal, on a terminal. */
class HostileTextCliTest {
  @TempDir private Path run;

  private static void assertSafe(String out) {
    assertThat(out).doesNotContain("\u0007", "\u001b", "\u202e").hasSizeLessThan(250_000);
  }

  @Test
  void aSampleIsShownALineForEachFactAndSaysWhatWasCut() throws IOException {
    HostileRun.write(run);
    Cli script = Cli.run("get", "samples", HostileRun.SCRIPT, "--dir", run);
    assertThat(script.exitCode()).as(script.err()).isZero();
    assertSafe(script.out());
    List<String> prompts = script.out().lines().filter(line -> line.startsWith("prompt ")).toList();
    assertThat(prompts).singleElement().asString().contains("[the first 40,000 of 1,048,5");
    Cli marks = Cli.run("get", "samples", HostileRun.MARKS, "--dir", run);
    assertSafe(marks.out());
    assertThat(marks.out()).contains("⟨U+202E⟩", "⟨U+001B⟩");
    assertThat(marks.out().lines().filter(line -> line.startsWith("completion "))).hasSize(1);
  }

  @Test
  void theLedgerShowsALineOfAMegabyteAsOneSafeLine() {
    String text = "\u001b[31mred \u202eesrever\u0007 ".repeat((1 << 20) / 20);
    List<String> lines = LedgerShowCommand.lines(text + "\nnext");
    assertThat(lines).hasSize(2);
    assertSafe(lines.get(0));
    assertThat(lines.get(0)).startsWith("  | ⟨U+001B⟩[31mred ⟨U+202E⟩").contains("[the first ");
    assertThat(lines.get(1)).isEqualTo("  | next");
    assertThat(LedgerShowCommand.lines(" \n ")).containsExactly("  | (empty)");
  }
}

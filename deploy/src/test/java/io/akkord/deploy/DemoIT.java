package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first command that anybody runs. */
class DemoIT {
  @TempDir Path folder;

  @Test
  void theDemoFindsTheForeignRowsRewritesSomeAndSaysWhatToDoNext() throws Exception {
    Path log = folder.resolve("demo.log");
    Process demo =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx2g",
                    "-Dakkord.home=" + Path.of("..").toRealPath(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    Main.class.getName(),
                    "demo",
                    "--no-dashboard"))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(demo.waitFor(8, TimeUnit.MINUTES)).as(Files.readString(log)).isTrue();
    String said = Files.readString(log);
    assertThat(demo.exitValue()).as(said).isZero();
    Matcher share = Pattern.compile("(\\d+) are foreign rows: (\\d+) %").matcher(said);
    assertThat(share.find()).as(said).isTrue();
    assertThat(Integer.parseInt(share.group(2))).as("of a tenth that is foreign").isGreaterThan(50);
    Matcher again =
        Pattern.compile("(\\d+) of the rewritten samples were visited again").matcher(said);
    assertThat(again.find()).as(said).isTrue();
    assertThat(Integer.parseInt(again.group(1))).isPositive();
    assertThat(said).contains("What to run next", "akkord ledger top");
    assertThat(folder.resolve("runs/demo/model.safetensors")).exists();
    assertThat(folder.resolve("runs/demo/rewrites.jsonl")).exists();
  }
}

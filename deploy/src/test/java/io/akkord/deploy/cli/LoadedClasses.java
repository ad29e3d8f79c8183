package io.akkord.deploy.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The classes a command loads in a JVM of its own. */
record LoadedClasses(int exitCode, List<String> names) {
  private static final long DEADLINE_SECONDS = 60;

  static LoadedClasses of(Object... arguments) throws IOException, InterruptedException {
    Path log = Files.createTempFile("classes", ".log");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load=info:file=" + log + "::filecount=0",
                "-cp",
                System.getProperty("java.class.path"),
                "io.akkord.deploy.Main"));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("no end within " + DEADLINE_SECONDS + " s: " + command);
      }
      return new LoadedClasses(process.exitValue(), names(log));
    } finally {
      process.destroyForcibly();
      Files.deleteIfExists(log);
    }
  }

  /** Lines as {@code [0.1s][info][class,load] NAME source: …}. */
  private static List<String> names(Path log) throws IOException {
    return Files.readAllLines(log, StandardCharsets.UTF_8).stream()
        .map(line -> line.replaceFirst("^(\\[[^]]*])+ ", "").split(" ")[0])
        .toList();
  }
}

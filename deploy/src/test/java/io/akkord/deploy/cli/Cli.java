package io.akkord.deploy.cli;

import io.akkord.deploy.Main;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Runs a command as a person would and keeps what it prints. */
record Cli(int exitCode, String out, String err) {
  /** The shipped demo, from the module's folder where tests run. */
  static final Path DEMO = Path.of("demo").toAbsolutePath();

  static final Path MODEL = DEMO.resolve("models/stories260K");
  static final Path DATA = DEMO.resolve("data/mixed_stories.jsonl");

  /** Runs one command in this JVM. */
  static Cli run(Object... arguments) {
    String[] words = java.util.Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new);
    PrintStream realOut = System.out;
    PrintStream realErr = System.err;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    try {
      int exitCode = Main.run(words);
      return new Cli(
          exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(realOut);
      System.setErr(realErr);
    }
  }
}

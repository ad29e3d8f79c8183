package io.akkord.deploy;

import io.akkord.deploy.cli.Akkord;
import io.akkord.model.UserError;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** Entry point: exit code 0 ok, 1 failed, 2 usage. */
public final class Main {
  private Main() {}

  /** Runs a command and exits. */
  public static void main(String[] arguments) {
    System.setOut(new PrintStream(System.out, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(System.err, true, StandardCharsets.UTF_8));
    System.exit(run(arguments));
  }

  /** The exit code of a command. */
  public static int run(String... arguments) {
    return new CommandLine(new Akkord())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(Main::explain)
        .execute(arguments);
  }

  /** A user's mistake is a message; anything else is ours and shows where it happened. */
  private static int explain(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
    if (e instanceof UserError) {
      command.getErr().println("akkord: " + e.getMessage());
    } else {
      command.getErr().println("akkord: unexpected failure; please report it with what follows");
      e.printStackTrace(command.getErr());
    }
    return CommandLine.ExitCode.SOFTWARE;
  }
}

package io.akkord.deploy.cli;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.PostgresSchema;
import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Looks after the database that all journals share. */
@Command(
    name = "db",
    mixinStandardHelpOptions = true,
    description = "The PostgreSQL database that keeps all journals (akkord.persistence.url).",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = DbCommand.InitCommand.class)
final class DbCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing: akkord db init");
  }

  /** `db init`. */
  @Command(
      name = "init",
      mixinStandardHelpOptions = true,
      description =
          "Makes the tables, for a database whose daily user may not; otherwise the first start does it. May be repeated. The password is AKKORD_PERSISTENCE_PASSWORD or akkord.persistence.password-file.")
  static final class InitCommand implements Callable<Integer> {
    @Option(
        names = "--url",
        paramLabel = "URL",
        description =
            "jdbc:postgresql://HOST:PORT/DATABASE (default: akkord.persistence.url or AKKORD_PERSISTENCE_URL)")
    private String url;

    @Option(
        names = "--user",
        description =
            "who makes the tables (default: akkord.persistence.user or AKKORD_PERSISTENCE_USER)")
    private String user;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      Persistence settings = DbCommand.settings(url, user);
      if (!settings.shared()) {
        throw new UserError(
            "no database is named: give --url jdbc:postgresql://HOST:PORT/DATABASE, or set akkord.persistence.url; without one each run keeps an H2 journal in its folder, which needs no init");
      }
      List<String> made = PostgresSchema.create(settings);
      PrintWriter out = spec.commandLine().getOut();
      out.println(
          made.isEmpty()
              ? "%s: all tables were there".formatted(settings.url())
              : "%s: made the tables %s".formatted(settings.url(), String.join(", ", made)));
      out.flush();
      return ExitCode.OK;
    }
  }

  /** This process's settings with what was said on the command line over them. */
  static Persistence settings(String url, String user) {
    Map<String, String> said = new HashMap<>();
    if (url != null) {
      said.put("akkord.persistence.url", url);
    }
    if (user != null) {
      said.put("akkord.persistence.user", user);
    }
    return Persistence.read(
        ConfigFactory.parseMap(said, "command line").withFallback(ConfigFactory.load()));
  }
}

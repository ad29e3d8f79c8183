package io.akkord.deploy.cli;

import io.akkord.actors.security.Certificates;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A new cluster's authority and its first node. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a private authority (valid 10 years) and the first node's certificate (1 year).",
      "Nothing is written over."
    })
final class CertsInitCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "DIR", description = "folder for the files; made if needed")
  private Path folder;

  @Option(
      names = "--host",
      paramLabel = "NAME",
      defaultValue = "localhost,127.0.0.1",
      split = ",",
      description =
          "DNS name or address of the first node, more than once if it has several; default: ${DEFAULT-VALUE}")
  private List<String> hosts;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Certificates certificates = new Certificates(folder, Clock.systemUTC());
    certificates.init(hosts);
    PrintWriter out = spec.commandLine().getOut();
    CertsShowCommand.print(out, certificates.show());
    out.printf("%nthis machine: akkord.tls { enabled = on, directory = \"%s\" }%n", full(folder));
    out.printf("each further machine: akkord certs node %s NAME --host HOST%n", folder);
    out.printf(
        "%s signs nodes: whoever has it can join. Keep it here and nowhere else.%n",
        folder.resolve("ca-key.pem"));
    out.flush();
    return 0;
  }

  private static Path full(Path path) {
    return path.toAbsolutePath().normalize();
  }
}

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

/** One more node of a cluster. */
@Command(
    name = "node",
    mixinStandardHelpOptions = true,
    description = "Makes the folder DIR/NAME for one more node, valid 1 year.")
final class CertsNodeCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "DIR",
      description = "folder that `akkord certs init` has made")
  private Path folder;

  @Parameters(index = "1", paramLabel = "NAME", description = "name of the node")
  private String name;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      required = true,
      split = ",",
      description = "DNS name or address of the node, more than once if it has several")
  private List<String> hosts;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Path node = new Certificates(folder, Clock.systemUTC()).node(name, hosts);
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%s is whole: copy it to that machine, then remove it here%n", node);
    out.println("there: akkord.tls { enabled = on, directory = \"the copied folder\" }");
    out.flush();
    return 0;
  }
}

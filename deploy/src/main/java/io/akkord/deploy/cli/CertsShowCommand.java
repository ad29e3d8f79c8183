package io.akkord.deploy.cli;

import io.akkord.actors.security.Certificates;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What the certificates in a folder say. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "Subject, names, end of validity and SHA-256 of each certificate; no secrets.")
final class CertsShowCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "DIR",
      description = "folder of `akkord certs init`, or a node's copy")
  private Path folder;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    print(out, new Certificates(folder, Clock.systemUTC()).show());
    out.flush();
    return 0;
  }

  static void print(PrintWriter out, List<Certificates.Shown> certificates) {
    for (Certificates.Shown certificate : certificates) {
      out.println(certificate.file());
      out.printf("  subject    %s%n", certificate.subject());
      if (!certificate.names().isEmpty()) {
        out.printf("  names      %s%n", String.join(", ", certificate.names()));
      }
      out.printf(
          "  not after  %s%s%n", certificate.notAfter(), certificate.expired() ? "  EXPIRED" : "");
      out.printf("  sha256     %s%n", certificate.sha256());
    }
  }
}

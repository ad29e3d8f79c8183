package io.akkord.deploy.cli;

import com.typesafe.config.ConfigFactory;
import picocli.CommandLine.Option;

/** Which head a job command asks. */
final class JobAddress {
  @Option(
      names = "--address",
      paramLabel = "URL",
      description =
          "the head's dashboard (default: $AKKORD_ADDRESS, else the head on this machine)")
  private String address;

  ControlClient client() {
    return ControlClient.of(address, ConfigFactory.load());
  }
}

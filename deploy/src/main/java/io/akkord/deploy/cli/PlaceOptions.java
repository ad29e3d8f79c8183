package io.akkord.deploy.cli;

import com.typesafe.config.ConfigFactory;
import io.akkord.deploy.state.Answers;
import io.akkord.deploy.state.StateSource;
import io.akkord.model.UserError;
import java.nio.file.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Who is asked: a run by its folder, or the head of a cluster. */
final class PlaceOptions {
  private static final Path HERE = Path.of(".");

  /** One or the other. */
  static final class Place {
    @Option(
        names = "--dir",
        paramLabel = "DIR",
        description =
            "output_dir of a run, or a folder of runs, of which the newest is meant (default: here, or runs/; where there is none, the head)")
    private Path dir;

    @Option(
        names = "--address",
        paramLabel = "URL",
        description =
            "the dashboard of a cluster's head: its nodes, and the run it shows (default: $AKKORD_ADDRESS, else the head on this machine)")
    private String address;
  }

  @ArgGroup(exclusive = true, multiplicity = "0..1")
  private Place place = new Place();

  /**
   * Opens it.
   *
   * @throws UserError if there is neither a run nor a head
   */
  Answers open() {
    if (place.dir != null) {
      return StateSource.open(place.dir);
    }
    if (place.address == null && StateSource.holdsRun(HERE)) {
      return StateSource.open(HERE);
    }
    try {
      return new HeadAnswers(ControlClient.of(place.address, ConfigFactory.load()));
    } catch (UserError e) {
      throw place.address != null
          ? e
          : new UserError(
              "%s holds no run, name the output_dir of one with --dir; and %s"
                  .formatted(HERE.toAbsolutePath().normalize(), e.getMessage()),
              e);
    }
  }
}

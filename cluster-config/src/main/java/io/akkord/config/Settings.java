package io.akkord.config;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * The settings of a machine, read once from the block {@code akkord} of the HOCON configuration;
 * {@code reference.conf} has the defaults and says what each means. None of them changes a result.
 */
public record Settings(Deadlines deadlines, Ledger ledger, Bulk bulk) {

  /**
   * How long each wait may last.
   *
   * @param ledgerAcknowledgement until a committed step is stored; below {@code step}
   * @param step one optimiser step
   * @param cycleGroup one group of rewrites
   * @param checkpoint one checkpoint
   * @param startUp until all workers of an attempt are ready; above {@code takeOver}
   * @param takeOver hosts keep the slices of a run whose supervisor is gone; above {@code survey}
   * @param survey a new supervisor asks the hosts what they have kept
   * @param drain a worker that leaves waits for its share and its slices to be taken by others
   */
  public record Deadlines(
      Duration ledgerAcknowledgement,
      Duration step,
      Duration cycleGroup,
      Duration checkpoint,
      Duration startUp,
      Duration takeOver,
      Duration survey,
      Duration drain) {}

  /**
   * Bounds of the ledger.
   *
   * @param maxUnacknowledged committed steps under way to it
   */
  public record Ledger(int maxUnacknowledged) {}

  /**
   * The lane for tensors between processes.
   *
   * @param unixSockets whether processes of one machine use a Unix domain socket
   * @param silence of a connection after which its peer is lost
   */
  public record Bulk(boolean unixSockets, Duration silence) {}

  /**
   * The settings in {@code config}, which includes the defaults ({@code ConfigFactory.load()}).
   *
   * @throws io.akkord.model.UserError naming every bad key with its place, what was found and what
   *     is allowed
   */
  public static Settings read(Config config) {
    return new SettingsReader(config).read();
  }
}

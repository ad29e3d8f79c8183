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
   * @param startUp until all workers are ready
   * @param takeOver hosts keep the slices of a run whose supervisor is gone; above {@code survey}
   * @param survey a new supervisor asks the hosts what they have kept
   */
  public record Deadlines(
      Duration ledgerAcknowledgement,
      Duration step,
      Duration cycleGroup,
      Duration checkpoint,
      Duration startUp,
      Duration takeOver,
      Duration survey) {}

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
   */
  public record Bulk(boolean unixSockets) {}

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

package io.akkord.model.objective;

/**
 * Mean and population standard deviation of the compatibility scores of one batch (arXiv 2606.11206
 * §3).
 *
 * @param mean μ, nats/token
 * @param std σ, population, nats/token
 * @param count number of samples
 */
public record Moments(double mean, double std, int count) {

  /** Both moments in two passes in the order given, in float64. */
  public static Moments of(double[] costs) {
    if (costs.length == 0) {
      throw new IllegalArgumentException("moments of no samples");
    }
    double sum = 0;
    for (double cost : costs) {
      sum += cost;
    }
    double mean = sum / costs.length;
    double squares = 0;
    for (double cost : costs) {
      squares += (cost - mean) * (cost - mean);
    }
    return new Moments(mean, Math.sqrt(squares / costs.length), costs.length);
  }

  /** The normalised score {@code z = (c − μ)/(σ + ε)}; a batch of one or of equal costs gives 0. */
  public double z(double cost, double epsilon) {
    return count == 1 || std == 0 ? 0 : (cost - mean) / (std + epsilon);
  }
}

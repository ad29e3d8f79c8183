package io.akkord.actors.ledger;

/**
 * One visit of a sample: one row of {@code akkord ledger show} and {@code export}.
 *
 * @param attempt of the run
 * @param step 0-based
 * @param revision of the completion that was trained on
 * @param cost c, nats per token
 * @param mean of the batch's costs
 * @param std population standard deviation of the batch's costs
 * @param z the normalised score, from which the weight follows
 * @param skipped whether the step moved nothing
 */
public record LedgerVisit(
    int sample,
    long attempt,
    long step,
    int revision,
    float cost,
    double mean,
    double std,
    double z,
    boolean skipped) {}

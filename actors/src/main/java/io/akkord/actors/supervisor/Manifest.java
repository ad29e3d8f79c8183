package io.akkord.actors.supervisor;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.config.RunPlan;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.CheckpointManifest.BestMetric;
import java.util.Optional;

/** The facts of one checkpoint: pure. */
final class Manifest {
  private Manifest() {}

  static CheckpointManifest of(
      SupervisorSetup setup,
      long committed,
      long adamSteps,
      long ledgerSequence,
      TableStamp stamp,
      Optional<BestMetric> best) {
    RunPlan plan = setup.facts().plan();
    CheckpointManifest.Builder manifest =
        setup.manifest().toBuilder()
            .setRunId(setup.facts().runId())
            .setAttempt(setup.facts().attempt())
            .setCommittedSteps(committed)
            .setEpoch(committed / plan.stepsPerEpoch())
            .setPosition(plan.visitsBefore(committed) % plan.samples())
            .setAdamSteps(adamSteps)
            .setLedgerSequenceNr(ledgerSequence)
            .setTableVersion(stamp.version())
            .setTableHash(stamp.hash());
    best.ifPresent(manifest::setBest);
    return manifest.build();
  }

  /** The part of Hugging Face's trainer state that other tools read. */
  static String trainerState(RunPlan plan, long committed, Optional<BestMetric> best) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("global_step", committed);
    json.put("max_steps", plan.totalSteps());
    json.put("epoch", (double) plan.visitsBefore(committed) / plan.samples());
    json.put("num_train_epochs", plan.recipe().numTrainEpochs());
    if (best.isPresent()) {
      json.put("best_metric", best.get().getValue());
      json.put("best_metric_name", best.get().getName());
      json.put("best_global_step", best.get().getCommittedSteps());
      json.put(
          "best_model_checkpoint",
          plan.recipe()
              .outputDir()
              .resolve("checkpoint-" + best.get().getCommittedSteps())
              .toString());
    }
    return json.toPrettyString() + "\n";
  }
}

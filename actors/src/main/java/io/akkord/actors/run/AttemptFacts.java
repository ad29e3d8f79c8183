package io.akkord.actors.run;

import io.akkord.actors.ledger.LedgerSeed;
import io.akkord.actors.ledger.LedgerSetup;
import io.akkord.actors.ledger.ScoreKind;
import io.akkord.config.Recipe;
import io.akkord.model.engine.NativeLibrary;
import io.akkord.model.optim.LrSchedule;
import io.akkord.proto.CheckpointManifest;
import java.util.Locale;
import java.util.Optional;

/** What recipe and inputs say to ledger and checkpoints of an attempt. */
final class AttemptFacts {
  private AttemptFacts() {}

  /**
   * The ledger's part.
   *
   * @param otherTerms whether recipe, data or model are not those of earlier attempts
   * @throws io.akkord.model.UserError when what it starts from was kept under other rules
   */
  static LedgerSetup ledger(RunFacts facts, Optional<LedgerSeed> seed, boolean otherTerms) {
    Recipe recipe = facts.plan().recipe();
    Recipe.Rewrite rewrite = recipe.rewriteOrDefaults();
    return new LedgerSetup(
        facts.runId(),
        facts.attempt(),
        facts.plan().samples(),
        rewrite.decay(),
        rewrite.score() == Recipe.Score.C ? ScoreKind.C : ScoreKind.Z,
        recipe.cadft().epsilon(),
        rewrite.minVisits(),
        rewrite.fraction(),
        rewrite.probability(),
        recipe.seed(),
        rewrite.batch(),
        seed,
        otherTerms);
  }

  /** What the manifests of all its checkpoints have in common. */
  static CheckpointManifest manifest(Recipe recipe, Inputs inputs) {
    LrSchedule schedule = inputs.plan.lrSchedule();
    return CheckpointManifest.newBuilder()
        .setSchedule(
            CheckpointManifest.Schedule.newBuilder()
                .setKind(schedule.kind().name().toLowerCase(Locale.ROOT))
                .setPeak(schedule.peak())
                .setWarmupSteps(schedule.warmupSteps())
                .setTotalSteps(schedule.totalSteps()))
        .setRecipeFingerprint(recipe.fingerprint())
        .setRecipe(recipe.toYaml())
        .setDataSha256(inputs.identity().data())
        .setModelOrigin(recipe.modelNameOrPath().toString())
        .setModelSha256(inputs.identity().modelSha256())
        .setCode(CodeFingerprint.here())
        .setEngine(
            CheckpointManifest.Engine.newBuilder()
                .setLibtorch(NativeLibrary.version())
                .setInstructionSet(NativeLibrary.instructionSet())
                .setThreads(recipe.threads())
                .setDtype(recipe.dtype().name().toLowerCase(Locale.ROOT)))
        .build();
  }
}

package io.akkord.actors.run;

import akka.actor.typed.ActorSystem;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.checkpoint.CheckpointReader;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerSeed;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.supervisor.SupervisorSetup;
import io.akkord.config.CyclePlan;
import io.akkord.config.Recipe;
import io.akkord.config.RunDescription;
import io.akkord.model.UserError;
import io.akkord.model.engine.NativeLibrary;
import io.akkord.model.optim.LrSchedule;
import io.akkord.proto.CheckpointManifest;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * One training run with all its actors in this JVM: opens what it reads, starts the actors, closes
 * everything in order.
 */
public final class TrainingRun {
  private final TrainOptions options;
  private final Recipe recipe;
  private final OutputFolder output;
  private final Inputs inputs;
  private final Journal journal;
  private final CompletableFuture<RunResult> result = new CompletableFuture<>();
  private ActorSystem<RunGuardian.Command> system;
  private EventsFile events;

  private TrainingRun(TrainOptions options, OutputFolder output, Inputs inputs, Journal journal) {
    this.options = options;
    this.recipe = options.recipe().recipe();
    this.output = output;
    this.inputs = inputs;
    this.journal = journal;
  }

  /**
   * Starts a run.
   *
   * @throws UserError for everything that is wrong before the first step; nothing is left behind
   *     then
   */
  public static TrainingRun start(TrainOptions options) {
    Recipe recipe = options.recipe().recipe();
    // What can be wrong with the model is said before a folder is made.
    io.akkord.model.hf.HfFolder.open(recipe.modelNameOrPath());
    OutputFolder output =
        options.resume() ? OutputFolder.resume(recipe) : OutputFolder.create(recipe);
    Inputs inputs = null;
    Journal journal = null;
    try {
      inputs = Inputs.open(recipe, options.say());
      journal = Journal.open(recipe.outputDir());
      TrainingRun run = new TrainingRun(options, output, inputs, journal);
      run.begin();
      return run;
    } catch (RuntimeException e) {
      closeQuietly(inputs, journal);
      if (!options.resume()) {
        output.remove();
      }
      throw e;
    }
  }

  private static void closeQuietly(Inputs inputs, Journal journal) {
    if (inputs != null) {
      inputs.close();
    }
    if (journal != null) {
      journal.close();
    }
  }

  private void begin() {
    Optional<Path> checkpoint =
        options.resume() ? inputs.checkpoint(output, options.say()) : Optional.empty();
    CheckpointReader reader = checkpoint.map(CheckpointReader::open).orElse(null);
    long start = reader == null ? 0 : reader.manifest().getCommittedSteps();
    LedgerReader ledger = LedgerReader.of(recipe.outputDir(), journal);
    long attempt = ledger.lastAttempt() + 1;
    RunFacts facts =
        RunFacts.of(output.runId(), attempt, inputs.plan, options.settings(), inputs.layout);
    requireSlicesFit(facts);
    RunDescription.lines(options.recipe(), inputs.plan).forEach(options.say());
    if (options.resume()) {
      options
          .say()
          .accept(
              reader == null
                  ? "no checkpoint yet: attempt %d starts from the beginning".formatted(attempt)
                  : "attempt %d continues %s after step %d"
                      .formatted(attempt, checkpoint.get().getFileName(), start));
    }
    if (start == inputs.plan.totalSteps()) {
      finishWithoutActors(start, checkpoint.get());
      return;
    }
    Optional<LedgerSeed> seed =
        Optional.ofNullable(reader)
            .map(r -> new LedgerSeed(r.ledger(), ledger.finishedGroupsAfter(start)));
    ledger.close();
    events = EventsFile.open(recipe.outputDir(), this::on);
    events.on(opened(facts, start));
    SliceStore.Initial initial = reader == null ? inputs.fresh() : Inputs.resumed(facts, reader);
    RunParts parts =
        new RunParts(
            facts,
            setup(facts, start, reader),
            inputs,
            initial,
            seed,
            options.workers(),
            MetricsFile.open(recipe.outputDir(), start),
            events);
    system = ActorSystem.create(RunGuardian.create(parts, journal), "akkord", config());
  }

  private RunEvent.Opened opened(RunFacts facts, long start) {
    Optional<CyclePlan> cycles = inputs.plan.cycles().filter(plan -> plan.count() > 0);
    return new RunEvent.Opened(
        facts.runId(),
        facts.attempt(),
        start,
        inputs.plan.totalSteps(),
        inputs.plan.samples(),
        options.workers(),
        cycles.map(CyclePlan::warmup).orElse(0L),
        cycles.map(CyclePlan::every).orElse(0L),
        cycles.map(CyclePlan::count).orElse(0L),
        options.recipe().settings());
  }

  private static void requireSlicesFit(RunFacts facts) {
    long limit = Integer.MAX_VALUE / Double.BYTES;
    facts.slices().stream()
        .filter(slice -> slice.elements() > limit)
        .findFirst()
        .ifPresent(
            slice -> {
              throw new UserError(
                  "parameter_shards is %d, which makes slices of %d parameters; at most %d are possible, so raise it to %d or more"
                      .formatted(
                          facts.slices().size(),
                          slice.elements(),
                          limit,
                          facts.layout().size() / limit + 1));
            });
  }

  private Config config() {
    return journal
        .config()
        .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
        .withFallback(ConfigFactory.load());
  }

  private SupervisorSetup setup(RunFacts facts, long start, CheckpointReader reader) {
    LrSchedule schedule = inputs.plan.lrSchedule();
    CheckpointManifest manifest =
        CheckpointManifest.newBuilder()
            .setSchedule(
                CheckpointManifest.Schedule.newBuilder()
                    .setKind(schedule.kind().name().toLowerCase(Locale.ROOT))
                    .setPeak(schedule.peak())
                    .setWarmupSteps(schedule.warmupSteps())
                    .setTotalSteps(schedule.totalSteps()))
            .setRecipeFingerprint(recipe.fingerprint())
            .setRecipe(recipe.toYaml())
            .setDataSha256(inputs.train.sha256())
            .setModelOrigin(recipe.modelNameOrPath().toString())
            .setModelSha256(inputs.modelSha256())
            .setEngine(
                CheckpointManifest.Engine.newBuilder()
                    .setLibtorch(NativeLibrary.version())
                    .setInstructionSet(NativeLibrary.instructionSet())
                    .setThreads(recipe.threads())
                    .setDtype(recipe.dtype().name().toLowerCase(Locale.ROOT)))
            .build();
    boolean best = reader != null && reader.manifest().hasBest();
    return new SupervisorSetup(
        facts,
        start,
        reader == null ? 0 : reader.manifest().getAdamSteps(),
        options.workers(),
        manifest,
        best ? OptionalDouble.of(reader.manifest().getBest().getValue()) : OptionalDouble.empty(),
        best
            ? OptionalLong.of(reader.manifest().getBest().getCommittedSteps())
            : OptionalLong.empty());
  }

  private void finishWithoutActors(long steps, Path checkpoint) {
    output.publish(checkpoint);
    inputs.close();
    journal.close();
    result.complete(
        new RunResult(
            output.runId(), steps, "finished", "all steps were done already", checkpoint));
  }

  private void on(RunEvent event) {
    options.listener().on(event);
    if (event instanceof RunEvent.Ended ended) {
      Thread closer = new Thread(() -> close(ended), "akkord-close");
      closer.start();
    }
  }

  /** After the actors: their last messages still write to the journal. */
  private void close(RunEvent.Ended ended) {
    try {
      system.terminate();
      system
          .getWhenTerminated()
          .toCompletableFuture()
          .get(60, java.util.concurrent.TimeUnit.SECONDS);
      events.close();
      inputs.close();
      journal.close();
      Path checkpoint = ended.checkpoint() == null ? null : Path.of(ended.checkpoint());
      if (ended.outcome().equals("finished")) {
        output.publish(checkpoint);
      }
      result.complete(
          new RunResult(
              output.runId(), ended.committedSteps(), ended.outcome(), ended.reason(), checkpoint));
    } catch (Exception e) {
      result.completeExceptionally(e);
    }
  }

  /** Ends the run after the step in flight with a checkpoint. */
  public void stop(String reason) {
    if (system != null) {
      system.tell(new RunGuardian.ToSupervisor(new Supervisor.Stop(reason)));
    }
  }

  /** Reads the ledger this run writes; fails once the run has ended. */
  public LedgerReader ledger() {
    return LedgerReader.of(recipe.outputDir(), journal);
  }

  /** The actors as they are now; empty when there was nothing left to do. */
  public List<ActorTree.Row> actors() {
    return system == null ? List.of() : ActorTree.of(system);
  }

  /** For tests that end actors; null when there was nothing left to do. */
  ActorSystem<?> system() {
    return system;
  }

  /** The arithmetic of the run. */
  public io.akkord.config.RunPlan plan() {
    return inputs.plan;
  }

  /** Completes when everything is closed. */
  public CompletionStage<RunResult> result() {
    return result;
  }
}

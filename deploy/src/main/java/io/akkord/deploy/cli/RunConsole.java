package io.akkord.deploy.cli;

import io.akkord.actors.dashboard.AttentionWatch;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.run.Listeners;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TrainOptions;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.Settings;
import io.akkord.deploy.cluster.LocalCluster;
import io.akkord.model.UserError;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Shows a run on a terminal or in a log: start lines, a progress line, evaluations, cycles, the
 * end.
 */
final class RunConsole {
  /** Time left is judged from so many of the latest steps. */
  private static final int WINDOW = 50;

  /** Why a run stopped that its process's end has stopped. */
  static final String INTERRUPTED = "interrupted";

  private final PrintWriter out;
  private final int loggingSteps;
  private final boolean terminal = System.console() != null;
  private final List<EvalFinished> evals = new ArrayList<>();
  private final List<CycleFinished> cycles = new ArrayList<>();
  private final double[] seconds = new double[WINDOW];
  private final long[] tokens = new long[WINDOW];
  private long steps;
  private long totalSteps;
  private String outcome = "failed";

  RunConsole(PrintWriter out, int loggingSteps) {
    this.out = out;
    this.loggingSteps = loggingSteps;
  }

  /**
   * Where the workers of a run live.
   *
   * @param worker what one is called
   * @param workers what more are called
   * @param opener opens the place; null: this JVM
   */
  record Place(String worker, String workers, TrainingRun.RuntimeOpener opener) {
    static final Place HERE = new Place("worker actor", "worker actors", null);
  }

  /**
   * Runs to the end, with a dashboard as the person wants it, in a process that does nothing else:
   * Ctrl-C, SIGTERM and SIGHUP save and end the run.
   */
  RunResult run(
      EffectiveRecipe recipe,
      Settings settings,
      int workers,
      boolean resume,
      Set<String> resumeAnyway,
      Place place,
      DashboardFlags dashboard) {
    AtomicReference<StopSignals> signals = new AtomicReference<>();
    try (RunDashboard shown = dashboard.open(recipe.recipe().outputDir(), this::line)) {
      return run(
          recipe,
          settings,
          workers,
          resume,
          resumeAnyway,
          place,
          shown,
          run -> signals.set(StopSignals.listen(() -> run.stop(INTERRUPTED), this::line)));
    } finally {
      if (signals.get() != null) {
        signals.get().close();
      }
    }
  }

  /**
   * Runs to the end.
   *
   * @param begun told the run as soon as it goes on
   */
  RunResult run(
      EffectiveRecipe recipe,
      Settings settings,
      int workers,
      boolean resume,
      Set<String> resumeAnyway,
      Place place,
      RunDashboard dashboard,
      Consumer<TrainingRun> begun) {
    AttentionWatch watch =
        new AttentionWatch(recipe.recipe().outputDir(), System::currentTimeMillis);
    Listeners listeners = listeners(dashboard, watch::on);
    TrainOptions options =
        new TrainOptions(
            recipe,
            settings,
            workers,
            resume,
            resumeAnyway,
            FreeSpace.real(),
            this::line,
            listeners);
    TrainingRun run =
        place.opener() == null
            ? TrainingRun.start(options)
            : TrainingRun.start(options, place.opener());
    listeners.recordTo(run::note);
    begun.accept(run);
    dashboard.follow(run);
    totalSteps = run.plan().totalSteps();
    line(
        "%d %s, results in %s"
            .formatted(
                workers,
                workers == 1 ? place.worker() : place.workers(),
                recipe.recipe().outputDir()));
    try {
      // The actors' own deadlines bound this wait: every wait in a run has one.
      RunResult result = run.result().toCompletableFuture().get();
      outcome = result.outcome();
      end(result);
      return result;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UserError error) {
        throw error;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted", e);
    }
  }

  /** What needs attention before there is a run to put it on record waits for one. */
  private Listeners listeners(RunDashboard dashboard, Function<RunEvent, List<String>> watch) {
    Listeners all = new Listeners();
    all.with("the console", this::on).with("the dashboard", dashboard::on);
    return all.with("the watch for attention", event -> watch.apply(event).forEach(all::note));
  }

  /** A run of this machine alone: worker processes, found through a cluster of their own. */
  Place processes(int workers, Bind bind) {
    return new Place(
        "worker process",
        "worker processes",
        output -> LocalCluster.open(output, workers, bind.host(), bind.port(), this::line));
  }

  int exitCode() {
    return outcome.equals("stopped") ? 0 : 1;
  }

  List<EvalFinished> evals() {
    return evals;
  }

  List<CycleFinished> cycles() {
    return cycles;
  }

  private synchronized void on(RunEvent event) {
    if (event instanceof RunEvent.Step step) {
      step(step.report());
    } else if (event instanceof RunEvent.Eval eval) {
      evals.add(eval.finished());
      line(text(eval.finished()));
    } else if (event instanceof RunEvent.Cycle cycle) {
      cycles.add(cycle.finished());
      line(text(cycle.finished()));
    } else if (event instanceof RunEvent.Checkpoint checkpoint) {
      line(
          "checkpoint after step %d in %.1f s"
              .formatted(
                  checkpoint.finished().getCommittedSteps(), checkpoint.finished().getSeconds()));
    } else if (event instanceof RunEvent.Note note) {
      line(note.text());
    }
  }

  private void step(StepReport r) {
    int slot = (int) (steps++ % WINDOW);
    seconds[slot] = r.seconds();
    tokens[slot] = r.tokens();
    long done = r.step() + 1;
    if (terminal) {
      out.print("\r\033[K" + progress(r, done));
      out.flush();
    } else if (done % loggingSteps == 0 || done == totalSteps) {
      line(progress(r, done));
    }
  }

  private String progress(StepReport r, long done) {
    int known = (int) Math.min(steps, WINDOW);
    double time = 0;
    long count = 0;
    for (int i = 0; i < known; i++) {
      time += seconds[i];
      count += tokens[i];
    }
    long left = Math.round((totalSteps - done) * time / known);
    return String.format(
        Locale.ROOT,
        "step %d/%d  loss %.4f  nll %.4f  mean p %.4f  mean w %.3f  %.0f tokens/s  %d:%02d left",
        done,
        totalSteps,
        r.loss(),
        r.nll(),
        r.meanP(),
        r.meanW(),
        count / time,
        left / 60,
        left % 60);
  }

  static String text(EvalFinished eval) {
    StringBuilder text = new StringBuilder();
    for (OriginScore score : eval.getOriginsList()) {
      text.append(text.isEmpty() ? "held out after step " + eval.getCommittedSteps() + ": " : "; ")
          .append(score.getOrigin().isEmpty() ? "all" : score.getOrigin())
          .append(
              String.format(
                  Locale.ROOT,
                  " nll %.4f, mean p %.4f, top-1 %.4f",
                  score.getNll(),
                  score.getMeanP(),
                  score.getTop1()));
    }
    return text + (eval.getBest() ? "  (best so far)" : "");
  }

  static String text(CycleFinished cycle) {
    return "rewrite cycle %d after step %d: %d candidates, %d rewritten, %d kept as they were (%s)"
        .formatted(
            cycle.getCycle(),
            cycle.getCommittedSteps(),
            cycle.getCandidates(),
            cycle.getAccepted(),
            cycle.getRejected(),
            cycle.getReason());
  }

  private void end(RunResult result) {
    switch (result.outcome()) {
      case "finished" ->
          line(
              "finished: %d steps; the model is in the output folder"
                  .formatted(result.committedSteps()));
      case "stopped" ->
          line(
              "stopped after step %d (%s): go on with the same command and --resume"
                  .formatted(result.committedSteps(), result.reason()));
      default ->
          line("failed after step %d: %s".formatted(result.committedSteps(), result.reason()));
    }
  }

  private synchronized void line(String text) {
    if (terminal) {
      out.print("\r\033[K");
    }
    out.println(text);
    out.flush();
  }
}

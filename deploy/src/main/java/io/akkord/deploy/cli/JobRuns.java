package io.akkord.deploy.cli;

import io.akkord.actors.job.Job;
import io.akkord.actors.job.JobRunner;
import io.akkord.actors.job.Order;
import io.akkord.actors.journal.RunInUse;
import io.akkord.actors.run.RunResult;
import io.akkord.actors.run.TrainingRun;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** Carries out jobs in this process; what each prints goes to a file of its own. */
final class JobRuns implements JobRunner {
  private final Settings settings;
  private final Path logs;
  private final TrainingRun.RuntimeOpener opener;
  private final BiFunction<Path, Consumer<String>, RunDashboard> dashboards;
  private final Set<Stoppable> running = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "akkord-job");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * A runner.
   *
   * @param logs folder of the files
   * @param dashboards shows the run in an output folder
   */
  JobRuns(
      Settings settings,
      Path logs,
      TrainingRun.RuntimeOpener opener,
      BiFunction<Path, Consumer<String>, RunDashboard> dashboards) {
    this.settings = settings;
    this.logs = logs;
    this.opener = opener;
    this.dashboards = dashboards;
  }

  /** A run that may not have begun when it is told to stop. */
  private static final class Stoppable implements Handle {
    private TrainingRun run;
    private String reason;

    @Override
    public synchronized void stop(String why) {
      reason = why;
      if (run != null) {
        run.stop(why);
      }
    }

    synchronized void begun(TrainingRun now) {
      run = now;
      if (reason != null) {
        run.stop(reason);
      }
    }
  }

  @Override
  public Handle start(Job job, boolean again, int workers, Consumer<Outcome> ended) {
    Stoppable handle = new Stoppable();
    running.add(handle);
    threads.execute(
        () -> {
          Outcome outcome = carry(job, again, workers, handle);
          running.remove(handle);
          ended.accept(outcome);
        });
    return handle;
  }

  private Outcome carry(Job job, boolean again, int workers, Stoppable handle) {
    Path file = logs.resolve(job.id() + ".log");
    try (PrintWriter out =
        new PrintWriter(
            Files.newBufferedWriter(
                file,
                StandardCharsets.UTF_8,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND))) {
      try {
        return run(job, again, workers, handle, out);
      } catch (UserError e) {
        out.println(e.getMessage());
        // The node that had the job before may be frozen and not gone.
        boolean wait = again && e.getCause() instanceof RunInUse;
        return new Outcome(wait ? LOST : "failed", e.getMessage(), 0, false);
      } catch (RuntimeException | Error e) {
        // The queue waits for its end whatever it was.
        out.println("unexpected failure; please report it with what follows");
        e.printStackTrace(out);
        return new Outcome("failed", "unexpected: " + e, 0, false);
      }
    } catch (IOException e) {
      return new Outcome("failed", "%s cannot be written: %s".formatted(file, e), 0, false);
    }
  }

  private Outcome run(Job job, boolean again, int workers, Stoppable handle, PrintWriter out) {
    Order order = job.order();
    EffectiveRecipe recipe =
        RecipeReader.parse(
            order.source(),
            order.recipe(),
            Path.of(order.folder()),
            Path.of(order.directory()),
            order.sets());
    Path output = recipe.recipe().outputDir();
    boolean resume = order.resume() || (again && Files.exists(output.resolve("run.json")));
    RunConsole console = new RunConsole(out, recipe.recipe().loggingSteps());
    RunConsole.Place place =
        new RunConsole.Place("worker of the cluster", "workers of the cluster", opener);
    try (RunDashboard dashboard = dashboards.apply(output, out::println)) {
      RunResult result =
          console.run(
              recipe,
              settings,
              workers,
              resume,
              Set.copyOf(order.resumeAnyway()),
              place,
              dashboard,
              handle::begun);
      boolean interrupted =
          result.outcome().equals("stopped") && result.reason().equals(RunConsole.INTERRUPTED);
      return new Outcome(result.outcome(), result.reason(), result.committedSteps(), interrupted);
    }
  }

  /** How many runs go on here. */
  int underWay() {
    return running.size();
  }

  /**
   * Saves the runs that are under way, to go on where this node is started again, and waits for
   * their end.
   *
   * @return whether all of them ended in time
   */
  boolean end(Duration within) throws InterruptedException {
    running.forEach(run -> run.stop(RunConsole.INTERRUPTED));
    threads.shutdown();
    return threads.awaitTermination(within.toMillis(), TimeUnit.MILLISECONDS);
  }
}

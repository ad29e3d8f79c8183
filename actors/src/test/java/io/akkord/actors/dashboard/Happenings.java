package io.akkord.actors.dashboard;

import io.akkord.actors.params.StepReport;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.actors.run.TimedEvent;
import io.akkord.proto.SupervisorEvent.CheckpointFinished;
import io.akkord.proto.SupervisorEvent.CycleFinished;
import io.akkord.proto.SupervisorEvent.EvalFinished;
import io.akkord.proto.SupervisorEvent.OriginScore;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/** Events of runs that never were. */
public final class Happenings {
  private Happenings() {}

  public static RunEvent.Opened opened(long attempt, long fromStep, long totalSteps) {
    return new RunEvent.Opened(
        "run-1", attempt, fromStep, totalSteps, 100, 2, 10, 10, 3, List.of());
  }

  public static StepReport report(long step, double entropy, boolean clipped, String skipped) {
    double loss = 2 - step / 1000.0;
    return new StepReport(
        step, step / 10, loss, 2 * loss, 0.5, entropy, 0.8, 0.9, 0.1, 0.7, clipped, 1e-4, 2.5, 0.5,
        1000, 8, 0.25, skipped);
  }

  public static RunEvent.Step step(long step) {
    return new RunEvent.Step(report(step, 1.5, false, null));
  }

  public static RunEvent.Cycle cycle(int number, long after, int accepted) {
    return new RunEvent.Cycle(
        CycleFinished.newBuilder()
            .setCycle(number)
            .setCommittedSteps(after)
            .setCandidates(5)
            .setAccepted(accepted)
            .setRejected(5 - accepted)
            .setReason("5 of 5 candidates")
            .build());
  }

  /** A cycle whose texts have this share of different runs of four tokens. */
  public static RunEvent.Cycle distinct(int number, long after, double share) {
    return new RunEvent.Cycle(
        cycle(number, after, 3).finished().toBuilder().setDistinct(share).build());
  }

  public static RunEvent.Checkpoint checkpoint(long after) {
    return new RunEvent.Checkpoint(
        CheckpointFinished.newBuilder()
            .setCommittedSteps(after)
            .setFolder("checkpoint-" + after)
            .setSeconds(0.5)
            .build());
  }

  public static RunEvent.Eval eval(long after) {
    return new RunEvent.Eval(
        EvalFinished.newBuilder()
            .setCommittedSteps(after)
            .addOrigins(OriginScore.newBuilder().setSamples(10).setNll(2).setMeanP(0.5))
            .build());
  }

  public static RunEvent.Phases phases(long step, double first, double second) {
    return new RunEvent.Phases(
        step,
        List.of(
            new WorkerPhases("worker-0", 0, 0, first, 0, 0, 0, 0),
            new WorkerPhases("worker-1", 0, 0, second, 0, 0, 0, 0)));
  }

  /** A run with losses, resumes and everything else, as a seed wants it. */
  static List<TimedEvent> run(long seed) {
    Random random = new Random(seed);
    List<TimedEvent> events = new ArrayList<>();
    long at = 1_000_000;
    long attempt = 1;
    long step = 0;
    long saved = 0;
    events.add(new TimedEvent(at, opened(1, 0, 200)));
    while (step < 200) {
      at += 1 + random.nextInt(500);
      int what = random.nextInt(20);
      RunEvent event =
          switch (what) {
            case 0 -> new RunEvent.Worker("worker-" + random.nextInt(3), "joined", "x");
            case 1 -> new RunEvent.Worker("worker-" + random.nextInt(3), "lost", "y");
            case 2 -> checkpoint(step);
            case 3 -> eval(step);
            case 4 -> cycle((int) (step / 10) + 1, step, random.nextInt(5));
            case 5 -> new RunEvent.Note("step %d was skipped: so".formatted(step));
            case 6 -> new RunEvent.Overdue(step, List.of("worker-1"), "waited");
            case 7 -> phases(step, 1, 2);
            case 8 -> random.nextInt(4) == 0 ? opened(++attempt, saved, 200) : step(step++);
            default -> step(step++);
          };
      if (event instanceof RunEvent.Opened opened) {
        step = opened.fromStep();
      } else if (event instanceof RunEvent.Checkpoint) {
        saved = step;
      }
      events.add(new TimedEvent(at, event));
    }
    events.add(new TimedEvent(at + 1, new RunEvent.Ended(200, "finished", "all", null)));
    return events;
  }

  /** A step that is a function of its number, each figure another one. */
  public static RunEvent.Step varied(long step) {
    return varied(step, 1.5, null);
  }

  public static RunEvent.Step varied(long step, double entropy, String skipped) {
    return new RunEvent.Step(
        new StepReport(
            step,
            step / 100,
            2 + 1.0 / (1 + step),
            3 + 1.0 / (1 + step),
            0.25 + step % 10 / 100.0,
            entropy,
            0.75,
            0.5,
            0.125,
            0.5 + step % 3,
            step % 7 == 0,
            1e-3 / (1 + step),
            1.25,
            0.5,
            100 + step % 5,
            8,
            0.5,
            skipped));
  }

  public static RunEvent.Worker worker(int number, String state) {
    return new RunEvent.Worker("worker-" + number, state, "so");
  }

  public static RunEvent.Overdue overdue(long step) {
    return new RunEvent.Overdue(step, List.of("worker-1"), "worker-1 is late with step " + step);
  }

  public static RunEvent.Ended ended(long committed, String outcome) {
    return new RunEvent.Ended(committed, outcome, "it ends here", null);
  }

  /** A run of two attempts in which everything happens once. */
  static List<TimedEvent> everything() {
    List<RunEvent> events = new ArrayList<>(List.of(opened(1, 0, 20), worker(1, "joined")));
    events.add(worker(2, "joined"));
    steps(events, 0, 8);
    events.add(cycle(1, 5, 3));
    events.add(eval(5));
    events.add(checkpoint(5));
    events.add(overdue(7));
    events.add(worker(2, "lost"));
    events.add(new RunEvent.Note("worker-2 is lost and its work is given to others"));
    events.add(checkpoint(8));
    events.add(ended(8, "failed"));
    events.add(opened(2, 5, 20));
    events.add(worker(1, "joined"));
    steps(events, 5, 11);
    events.add(phases(10, 1, 2));
    events.add(varied(11, Double.NaN, "the gradient is not finite"));
    events.add(cycle(2, 12, 0));
    events.add(eval(12));
    events.add(checkpoint(12));
    events.add(ended(12, "stopped"));
    List<TimedEvent> timed = new ArrayList<>();
    events.forEach(event -> timed.add(new TimedEvent(1000L * timed.size(), event)));
    return timed;
  }

  private static void steps(List<RunEvent> events, long from, long to) {
    for (long step = from; step < to; step++) {
      events.add(varied(step));
    }
  }

  /**
   * A run that a seed makes up: attempts that end anywhere and go on from a checkpoint.
   *
   * @param events about so many
   */
  static List<RunEvent> random(long seed, int events) {
    SplittableRandom random = new SplittableRandom(seed);
    List<RunEvent> all = new ArrayList<>();
    List<Long> saved = new ArrayList<>(List.of(0L));
    int attempt = 1;
    int cycles = 0;
    long next = 0;
    all.add(opened(attempt, 0, events));
    while (all.size() < events) {
      int dice = random.nextInt(100);
      if (dice < 80) {
        boolean skipped = random.nextInt(20) == 0;
        all.add(
            varied(
                next++, skipped ? Double.NaN : random.nextDouble(3), skipped ? "skipped" : null));
      } else if (dice < 84) {
        all.add(new RunEvent.Note("note " + random.nextInt(1000)));
      } else if (dice < 88) {
        all.add(worker(random.nextInt(4), random.nextBoolean() ? "joined" : "lost"));
      } else if (dice < 91) {
        all.add(overdue(next));
      } else if (dice < 93) {
        all.add(cycle(++cycles, next, random.nextInt(5)));
      } else if (dice < 95) {
        all.add(eval(next));
      } else if (dice < 98 || next == 0) {
        saved.add(next);
        all.add(checkpoint(next));
      } else {
        if (random.nextBoolean()) {
          all.add(ended(next, "stopped"));
        }
        long from = saved.get(random.nextInt(saved.size()));
        saved.removeIf(s -> s > from);
        next = from;
        all.add(opened(++attempt, from, events));
      }
    }
    return all;
  }

  /** What is left of a run when nothing is in it that a later attempt took back. */
  static List<RunEvent> withoutTheSuperseded(List<RunEvent> events) {
    List<RunEvent> left = new ArrayList<>();
    for (RunEvent event : events) {
      if (event instanceof RunEvent.Opened opened) {
        left.removeIf(e -> stepOf(e) >= opened.fromStep());
      }
      left.add(event);
    }
    return left;
  }

  private static long stepOf(RunEvent event) {
    return event instanceof RunEvent.Step step ? step.report().step() : -1;
  }
}

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

/** Events of runs that never were. */
final class Happenings {
  private Happenings() {}

  static RunEvent.Opened opened(long attempt, long fromStep, long totalSteps) {
    return new RunEvent.Opened(
        "run-1", attempt, fromStep, totalSteps, 100, 2, 10, 10, 3, List.of());
  }

  static StepReport report(long step, double entropy, boolean clipped, String skipped) {
    double loss = 2 - step / 1000.0;
    return new StepReport(
        step, step / 10, loss, 2 * loss, 0.5, entropy, 0.8, 0.9, 0.1, 0.7, clipped, 1e-4, 2.5, 0.5,
        1000, 8, 0.25, skipped);
  }

  static RunEvent.Step step(long step) {
    return new RunEvent.Step(report(step, 1.5, false, null));
  }

  static RunEvent.Cycle cycle(int number, long after, int accepted) {
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

  static RunEvent.Checkpoint checkpoint(long after) {
    return new RunEvent.Checkpoint(
        CheckpointFinished.newBuilder()
            .setCommittedSteps(after)
            .setFolder("checkpoint-" + after)
            .setSeconds(0.5)
            .build());
  }

  static RunEvent.Eval eval(long after) {
    return new RunEvent.Eval(
        EvalFinished.newBuilder()
            .setCommittedSteps(after)
            .addOrigins(OriginScore.newBuilder().setSamples(10).setNll(2).setMeanP(0.5))
            .build());
  }

  static RunEvent.Phases phases(long step, double first, double second) {
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
}

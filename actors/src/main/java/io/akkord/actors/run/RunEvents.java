package io.akkord.actors.run;

import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import java.io.IOException;

/**
 * Writes metrics and passes what happens on to the listener; runs where waiting for a disk is
 * allowed.
 */
final class RunEvents extends AbstractBehavior<RunEvent> {
  private final MetricsFile metrics;
  private final TensorBoardFile tensorBoard;
  private final RunListener listener;
  private boolean complained;

  static Behavior<RunEvent> create(
      MetricsFile metrics, TensorBoardFile tensorBoard, RunListener listener) {
    return Behaviors.setup(context -> new RunEvents(context, metrics, tensorBoard, listener));
  }

  private RunEvents(
      ActorContext<RunEvent> context,
      MetricsFile metrics,
      TensorBoardFile tensorBoard,
      RunListener listener) {
    super(context);
    this.metrics = metrics;
    this.tensorBoard = tensorBoard;
    this.listener = listener;
  }

  @Override
  public Receive<RunEvent> createReceive() {
    return newReceiveBuilder()
        .onMessage(RunEvent.Step.class, this::onStep)
        .onMessage(RunEvent.Eval.class, this::onEval)
        .onMessage(RunEvent.class, this::onOther)
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  private Behavior<RunEvent> onStep(RunEvent.Step step) {
    write(() -> metrics.step(step.report()));
    write(() -> tensorBoard.step(step.report()));
    return onOther(step);
  }

  private Behavior<RunEvent> onEval(RunEvent.Eval eval) {
    write(() -> metrics.eval(eval.finished()));
    write(() -> tensorBoard.eval(eval.finished()));
    return onOther(eval);
  }

  private interface Write {
    void now() throws IOException;
  }

  /** A disk that is full costs lines of the metrics, never the run. */
  private void write(Write write) {
    try {
      write.now();
    } catch (IOException | RuntimeException e) {
      if (!complained) {
        complained = true;
        onOther(
            new RunEvent.Note(
                "metrics cannot be written (%s); the run goes on without them".formatted(e)));
      }
    }
  }

  /** Whoever fails on an event, those that come after it are written all the same. */
  private Behavior<RunEvent> onOther(RunEvent event) {
    try {
      listener.on(event);
    } catch (RuntimeException e) {
      getContext()
          .getLog()
          .error("what follows from {} has failed", event.getClass().getSimpleName(), e);
    }
    return this;
  }

  private Behavior<RunEvent> onPostStop(PostStop signal) throws IOException {
    metrics.close();
    tensorBoard.close();
    return this;
  }
}

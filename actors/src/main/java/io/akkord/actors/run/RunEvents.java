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
  private final RunListener listener;

  static Behavior<RunEvent> create(MetricsFile metrics, RunListener listener) {
    return Behaviors.setup(context -> new RunEvents(context, metrics, listener));
  }

  private RunEvents(ActorContext<RunEvent> context, MetricsFile metrics, RunListener listener) {
    super(context);
    this.metrics = metrics;
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

  private Behavior<RunEvent> onStep(RunEvent.Step step) throws IOException {
    metrics.step(step.report());
    return onOther(step);
  }

  private Behavior<RunEvent> onEval(RunEvent.Eval eval) throws IOException {
    metrics.eval(eval.finished());
    return onOther(eval);
  }

  private Behavior<RunEvent> onOther(RunEvent event) {
    listener.on(event);
    return this;
  }

  private Behavior<RunEvent> onPostStop(PostStop signal) throws IOException {
    metrics.close();
    return this;
  }
}

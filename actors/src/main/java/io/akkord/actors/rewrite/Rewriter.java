package io.akkord.actors.rewrite;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import io.akkord.actors.CborMessage;
import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.supervisor.Supervisor;
import io.akkord.actors.worker.Compute;
import java.util.List;

/**
 * Generates and scores replacements with the current policy on its worker's device (arXiv
 * 2606.11206, delayed rewriting).
 */
public final class Rewriter extends AbstractBehavior<Rewriter.Command> {

  /** What a rewriter can be told. */
  public sealed interface Command extends CborMessage {}

  /** Rewrite a group; the device holds the policy of that version. */
  public record Rewrite(RewriteGroup group, long policyVersion) implements Command {}

  private record Rewritten(
      RewriteGroup group, long version, List<RewriteOutcome> outcomes, Throwable failure)
      implements Command {}

  private final String worker;
  private final Compute compute;
  private final ActorRef<Supervisor.Command> supervisor;

  /** The rewriter of a worker. */
  public static Behavior<Command> create(
      String worker, Compute compute, ActorRef<Supervisor.Command> supervisor) {
    return Behaviors.setup(context -> new Rewriter(context, worker, compute, supervisor));
  }

  private Rewriter(
      ActorContext<Command> context,
      String worker,
      Compute compute,
      ActorRef<Supervisor.Command> supervisor) {
    super(context);
    this.worker = worker;
    this.compute = compute;
    this.supervisor = supervisor;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Rewrite.class, this::onRewrite)
        .onMessage(Rewritten.class, this::onRewritten)
        .build();
  }

  private Behavior<Command> onRewrite(Rewrite rewrite) {
    getContext()
        .pipeToSelf(
            compute.rewrite(rewrite.group(), rewrite.policyVersion()),
            (outcomes, failure) ->
                new Rewritten(rewrite.group(), rewrite.policyVersion(), outcomes, failure));
    return this;
  }

  private Behavior<Command> onRewritten(Rewritten done) {
    if (done.failure() != null) {
      supervisor.tell(
          new Supervisor.WorkerFailed(
              worker, "rewriting group " + done.group().group() + ": " + done.failure()));
      return this;
    }
    supervisor.tell(
        new Supervisor.GroupRewritten(
            worker, done.version(), done.group().cycle(), done.group().group(), done.outcomes()));
    return this;
  }
}

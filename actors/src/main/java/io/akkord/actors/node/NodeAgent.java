package io.akkord.actors.node;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import io.akkord.actors.CborMessage;
import java.util.function.Function;

/** Says what its node is and has, and what it has said, to whoever asks. */
public final class NodeAgent {
  /** What an agent can be asked. */
  public sealed interface Command extends CborMessage {}

  /**
   * Say what this node is and has.
   *
   * @param have how much of its log is known
   */
  public record Describe(NodeLog.Position have, ActorRef<NodeReport> replyTo) implements Command {}

  /** Where agents are found. */
  public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "akkord-node");

  private NodeAgent() {}

  /**
   * The agent of this process.
   *
   * @param report made anew for each question, with what of the log belongs to it
   */
  public static Behavior<Command> create(Function<NodeLog.Part, NodeReport> report, NodeLog log) {
    return Behaviors.setup(
        context -> {
          context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
          return Behaviors.receive(Command.class)
              .onMessage(
                  Describe.class,
                  describe -> {
                    describe.replyTo().tell(report.apply(log.after(describe.have())));
                    return Behaviors.same();
                  })
              .build();
        });
  }
}

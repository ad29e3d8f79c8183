package io.akkord.actors.node;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import akka.event.Logging;
import io.akkord.actors.CborMessage;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;

/**
 * Says what its node is and has, and what it has said, to whoever asks, and at its end to all of
 * them why it ends.
 */
public final class NodeAgent {
  /** What an agent can be asked. */
  public sealed interface Command extends CborMessage {}

  /** What an agent says. */
  public sealed interface Said extends CborMessage permits NodeReport, NodeEnd {}

  /**
   * Say what this node is and has.
   *
   * @param have how much of its log is known
   */
  public record Describe(NodeLog.Position have, ActorRef<Said> replyTo) implements Command {}

  /** This node ends, and nobody has asked it to. */
  public enum Farewell implements Command {
    INSTANCE
  }

  private record Fatal(String what) implements Command {}

  /** Where agents are found. */
  public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "akkord-node");

  private final ActorContext<Command> context;
  private final Function<NodeLog.Part, NodeReport> report;
  private final NodeLog log;
  private final Set<ActorRef<Said>> asked = new HashSet<>();
  private String fatal = "its process has ended; the last lines of its log say why";

  private NodeAgent(
      ActorContext<Command> context, Function<NodeLog.Part, NodeReport> report, NodeLog log) {
    this.context = context;
    this.report = report;
    this.log = log;
  }

  /**
   * The agent of this process.
   *
   * @param report made anew for each question, with what of the log belongs to it
   */
  public static Behavior<Command> create(Function<NodeLog.Part, NodeReport> report, NodeLog log) {
    return Behaviors.setup(
        context -> {
          context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
          ActorRef<Logging.Error> errors =
              context.messageAdapter(Logging.Error.class, NodeAgent::fatal);
          Adapter.toClassic(context.getSystem())
              .eventStream()
              .subscribe(Adapter.toClassic(errors), Logging.Error.class);
          return new NodeAgent(context, report, log).behavior();
        });
  }

  private Behavior<Command> behavior() {
    return Behaviors.receive(Command.class)
        .onMessage(Describe.class, this::onDescribe)
        .onMessage(Fatal.class, this::onFatal)
        .onMessageEquals(Farewell.INSTANCE, this::onFarewell)
        .build();
  }

  private Behavior<Command> onDescribe(Describe describe) {
    asked.add(describe.replyTo());
    describe.replyTo().tell(report.apply(log.after(describe.have())));
    return Behaviors.same();
  }

  /** Of errors only those after which a JVM is not to be trusted: it ends by itself then. */
  private static Fatal fatal(Logging.Error error) {
    Throwable cause = error.cause();
    return new Fatal(
        cause instanceof VirtualMachineError || cause instanceof LinkageError
            ? cause.toString()
            : "");
  }

  private Behavior<Command> onFatal(Fatal now) {
    if (!now.what().isEmpty()) {
      fatal = now.what();
    }
    return Behaviors.same();
  }

  private Behavior<Command> onFarewell() {
    NodeEnd end = new NodeEnd(report.apply(NodeLog.Part.NONE).address(), fatal);
    asked.forEach(who -> who.tell(end));
    context.getLog().error("this node ends by itself: {}", fatal);
    return Behaviors.same();
  }
}

package io.akkord.actors.job;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import io.akkord.actors.node.NodeBoard;
import io.akkord.model.UserError;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Questions to a cluster from threads that may wait, such as those of the control API. */
public final class ClusterControl {
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private final ActorSystem<?> system;
  private final ActorRef<JobManager.Command> jobs;
  private final NodeBoard board;

  /** Asks the jobs' manager, and reads the board. */
  public ClusterControl(ActorSystem<?> system, ActorRef<JobManager.Command> jobs, NodeBoard board) {
    this.system = system;
    this.jobs = jobs;
    this.board = board;
  }

  /** What is known of nodes, at once. */
  public NodeBoard board() {
    return board;
  }

  /** Jobs, oldest first. */
  public JobManager.Listing jobs() {
    return ask("the job manager", jobs, JobManager.GetJobs::new);
  }

  /**
   * Puts a run into the queue.
   *
   * @return its id
   * @throws UserError if it is refused
   */
  public String submit(Order order) {
    return granted(
        ask(
            "the job manager",
            jobs,
            (ActorRef<JobManager.Answer> reply) -> new JobManager.Submit(order, reply)));
  }

  /**
   * Ends a job.
   *
   * @throws UserError if there is none, or it is over
   */
  public void stop(String job) {
    granted(
        ask(
            "the job manager",
            jobs,
            (ActorRef<JobManager.Answer> reply) -> new JobManager.StopJob(job, reply)));
  }

  private static String granted(JobManager.Answer answer) {
    if (!answer.refused().isEmpty()) {
      throw new UserError(answer.refused());
    }
    return answer.job();
  }

  private <C, A> A ask(String who, ActorRef<C> to, Function<ActorRef<A>, C> question) {
    try {
      return AskPattern.<C, A>ask(to, question::apply, DEADLINE, system.scheduler())
          .toCompletableFuture()
          .get(DEADLINE.toMillis() + 1000, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new UserError(
          "%s has not answered for %d s: the cluster may be moving it to another control node; ask again"
              .formatted(who, DEADLINE.toSeconds()),
          e);
    }
  }
}

package io.akkord.actors.job;

import io.akkord.actors.job.Job.State;
import io.akkord.proto.JobEvent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Every job of a cluster, oldest first. Pure: events in, decisions out. */
public record Jobs(Map<String, Job> byId) {
  static final Jobs EMPTY = new Jobs(Map.of());

  /** Jobs that are over and still listed; older ones go. */
  static final int KEPT = 200;

  Jobs apply(JobEvent event) {
    Map<String, Job> next = new LinkedHashMap<>(byId);
    Job job = next.get(event.getJob());
    switch (event.getEventCase()) {
      case SUBMITTED -> next.put(event.getJob(), submitted(event));
      case STARTED ->
          next.put(job.id(), job.started(event.getStarted().getNode(), event.getAtMillis()));
      case STOP_ASKED -> next.put(job.id(), job.asked());
      case ENDED -> {
        JobEvent.Ended ended = event.getEnded();
        State how = State.valueOf(ended.getOutcome().toUpperCase(Locale.ROOT));
        next.put(
            job.id(),
            job.ended(how, ended.getReason(), ended.getCommittedSteps(), event.getAtMillis()));
      }
      default -> throw new IllegalArgumentException("unknown event " + event.getEventCase());
    }
    trim(next);
    return new Jobs(next);
  }

  private static void trim(Map<String, Job> jobs) {
    List<String> over = jobs.values().stream().filter(j -> j.state().over()).map(Job::id).toList();
    over.subList(0, Math.max(0, over.size() - KEPT)).forEach(jobs::remove);
  }

  private static Job submitted(JobEvent event) {
    JobEvent.Submitted s = event.getSubmitted();
    Order order =
        new Order(
            s.getSource(),
            s.getRecipe(),
            s.getFolder(),
            s.getDirectory(),
            List.copyOf(s.getSetsList()),
            s.getWorkers(),
            s.getResume(),
            List.copyOf(s.getResumeAnywayList()),
            s.getOutputDir());
    return Job.submitted(event.getJob(), order, event.getAtMillis());
  }

  /** The job that runs; there is one at a time, as it uses every device. */
  public Optional<Job> running() {
    return byId.values().stream().filter(j -> j.state() == State.RUNNING).findFirst();
  }

  /** Who is next, if anybody. */
  public Optional<Job> next() {
    return byId.values().stream().filter(j -> j.state() == State.PENDING).findFirst();
  }

  /** The job that writes into a folder, if one waits or runs. */
  public Optional<Job> into(String outputDir) {
    return byId.values().stream()
        .filter(j -> !j.state().over() && j.order().outputDir().equals(outputDir))
        .findFirst();
  }

  /** What a waiting job wants, what there is, and why it waits; empty if it does not wait. */
  public String pending(Job job, int workersThere, String head) {
    if (job.state() != State.PENDING) {
      return "";
    }
    int wanted = job.order().workers();
    String want = "wants %d %s".formatted(wanted, wanted == 1 ? "worker" : "workers");
    Optional<Job> before = running().or(() -> next().filter(n -> !n.id().equals(job.id())));
    if (before.isPresent()) {
      return "%s, has none of %d: %s is %s and comes first (akkord job stop %s ends it)"
          .formatted(
              want,
              workersThere,
              before.get().id(),
              before.get().state().text(),
              before.get().id());
    }
    return "%s, has %d: start more with akkord start --address %s"
        .formatted(want, workersThere, head);
  }

  /** Why a job that has begun does not go on when there is no worker. */
  static String waiting(Job job, String head) {
    return "was begun on %s, wants 1 worker to go on with, has 0: start one with akkord start --address %s, or end it with akkord job stop %s"
        .formatted(job.node(), head, job.id());
  }

  List<Job> list() {
    return List.copyOf(byId.values());
  }
}

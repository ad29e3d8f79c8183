package io.akkord.actors.simulation;

import akka.persistence.PersistentRepr;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.checkpoint.CheckpointReader;
import io.akkord.actors.ledger.Ledger;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.config.RunPlan;
import io.akkord.config.StepBatch;
import io.akkord.model.data.SampleOrder;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.StepCommitted;
import io.akkord.proto.LedgerImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What is true at every moment, seen from the wire, the journal and the checkpoint folder. */
final class Invariants implements SimNetwork.Tap {
  private final Simulation simulation;
  private final Map<String, Long> acknowledged = new TreeMap<>();
  private final Map<Integer, Set<String>> holdersOf = new TreeMap<>();
  private long pretended = -1;

  Invariants(Simulation simulation) {
    this.simulation = simulation;
  }

  @Override
  public void local(SimProcess process, Object message) {
    SimAttempt attempt = simulation.attemptOn(process);
    if (attempt == null) {
      return;
    }
    if (message instanceof Ledger.StepStored stored && stored.step() >= 0) {
      acknowledged(attempt, stored.step());
    } else if (message instanceof Ledger.GroupStored stored) {
      boolean there =
          events(attempt.ledgerId).stream()
              .anyMatch(
                  e ->
                      e.hasGroupStored()
                          && e.getGroupStored().getCycle() == stored.cycle()
                          && e.getGroupStored().getGroup() == stored.group());
      Broken.unless(
          there || wasClosed(attempt, stored.cycle()),
          "%s is acknowledged and not on the disk",
          stored);
    } else if (message instanceof Ledger.CycleClosed closed) {
      boolean there =
          events(attempt.ledgerId).stream()
              .anyMatch(e -> e.hasCycleClosed() && e.getCycleClosed().getCycle() == closed.cycle());
      Broken.unless(
          there || wasClosed(attempt, closed.cycle()),
          "%s is acknowledged and not on the disk",
          closed);
    } else {
      either(message);
    }
  }

  /** Before the attempt began. */
  private static boolean wasClosed(SimAttempt attempt, int cycle) {
    return attempt.parts.ledger().resume().stream()
        .flatMap(seed -> seed.image().getCyclesList().stream())
        .anyMatch(past -> past.getClosed().getCycle() == cycle);
  }

  private void either(Object message) {
    if (message instanceof ParameterShard.Apply apply) {
      Optional.ofNullable(simulation.attempt(apply.attempt())).ifPresent(a -> applied(a, apply));
    } else if (message instanceof ParameterServer.SliceSummed summed) {
      Optional.ofNullable(simulation.attempt(summed.attempt())).ifPresent(a -> pretend(a, summed));
    }
  }

  /** A host that has said what an attempt left does nothing more for it, whoever still asks. */
  @Override
  public void sends(SimProcess from, long attempt, Object what) {
    SimHost host = simulation.hosts.get(from.name);
    Broken.unless(
        host == null || attempt > host.over(),
        "%s has said what is left of attempt %d, and sends %s of attempt %d",
        from,
        host == null ? 0 : host.over(),
        what,
        attempt);
  }

  @Override
  public void remote(SimProcess from, SimProcess to, Object message) {
    either(message);
  }

  @Override
  public boolean pretendsReleased(BulkHeader header) {
    return simulation.planted.contains(Faults.PUBLISH_IN_PLACE)
        && header.kind() == BulkHeader.Kind.PARAMETERS;
  }

  @Override
  public BulkHeader block(BulkHeader header, ByteBuffer bytes) {
    simulation.ghosts.saw(header, bytes);
    return header;
  }

  /** A planted fault: when one slice is summed, all are said to be. */
  private void pretend(SimAttempt attempt, ParameterServer.SliceSummed real) {
    Set<String> holders = holdersOf.computeIfAbsent(real.slice(), s -> new TreeSet<>());
    holders.add(real.holder());
    boolean planted =
        simulation.planted.contains(Faults.APPLY_BEFORE_THE_LAST_SLICE) && real.step() > pretended;
    if (!planted) {
      return;
    }
    pretended = real.step();
    holdersOf.forEach(
        (slice, ids) -> {
          if (slice != real.slice()) {
            ids.forEach(
                id ->
                    attempt.server.tell(
                        new ParameterServer.SliceSummed(
                            real.attempt(),
                            real.step(),
                            real.assignment(),
                            slice,
                            id,
                            new double[] {1})));
          }
        });
  }

  private List<LedgerEvent> events(String id) {
    return simulation.disk.durable(id).stream()
        .map(PersistentRepr::payload)
        .map(LedgerEvent.class::cast)
        .toList();
  }

  private void acknowledged(SimAttempt attempt, long step) {
    Broken.unless(
        attempt.number() == simulation.newest(),
        "step %d is acknowledged to attempt %d, attempt %d has begun",
        step,
        attempt.number(),
        simulation.newest());
    List<LedgerEvent> events = events(attempt.ledgerId);
    long durable =
        events.isEmpty() || !events.get(0).hasSeeded()
            ? -1
            : events.get(0).getSeeded().getResumedFromCommittedSteps()
                + events.stream().filter(LedgerEvent::hasStepCommitted).count();
    Broken.unless(
        step < durable,
        "step %d is acknowledged by %s, the disk has only the steps below %d",
        step,
        attempt.ledgerId,
        durable);
    acknowledged.merge(attempt.ledgerId, step, Math::max);
  }

  /** The weights are never further ahead of the journal than the bound. */
  private void applied(SimAttempt attempt, ParameterShard.Apply apply) {
    long start = attempt.parts.setup().startStep();
    Broken.unless(
        apply.step() >= start, "step %d is applied, the attempt began at %d", apply.step(), start);
    requireLedgerFrom(attempt, start);
    long known = acknowledged.getOrDefault(attempt.ledgerId, start - 1);
    int bound = simulation.scenario.settings().ledger().maxUnacknowledged();
    Broken.unless(
        apply.step() - Math.max(known, start - 1) <= bound,
        "step %d is applied, the ledger has acknowledged up to %d",
        apply.step(),
        known);
  }

  /** An attempt's ledger begins with every step that its weights have. */
  private void requireLedgerFrom(SimAttempt attempt, long start) {
    List<PersistentRepr> stored = simulation.disk.events(attempt.ledgerId);
    if (stored.isEmpty() || simulation.planted.contains(Faults.COMMIT_BY_STEP_ALONE)) {
      return;
    }
    long steps = ((LedgerEvent) stored.get(0).payload()).getSeeded().getResumedFromCommittedSteps();
    for (PersistentRepr event : stored) {
      steps += ((LedgerEvent) event.payload()).hasStepCommitted() ? 1 : 0;
    }
    Broken.unless(
        steps >= start,
        "the weights of attempt %d have %d steps, its ledger %d",
        attempt.parts.facts().attempt(),
        start,
        steps);
  }

  /** Hash of weights, moments and ledger; every position of every epoch is in it once. */
  String finalHash(Path checkpoint) {
    CheckpointReader reader = CheckpointReader.open(checkpoint);
    requireEveryPositionOnce();
    LedgerImage image = reader.ledger();
    requireOneHistory(image);
    MessageDigest sha = sha256();
    try {
      sha.update(Files.readAllBytes(checkpoint.resolve("model.safetensors")));
      sha.update(Files.readAllBytes(checkpoint.resolve("optimizer.safetensors")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    LedgerImage.Builder plain = image.toBuilder().clearAttempt().clearSequenceNr();
    sha.update(plain.build().toByteArray());
    return HexFormat.of().formatHex(sha.digest());
  }

  /** Follows the ledgers back from the last one: each goes on where its checkpoint stood. */
  private void requireEveryPositionOnce() {
    RunPlan plan = simulation.scenario.plan();
    SampleOrder order =
        new SampleOrder(plan.recipe().seed(), plan.recipe().shuffle(), plan.samples());
    for (String id : simulation.disk.ids()) {
      if (!id.startsWith("ledger|")) {
        continue;
      }
      long next = -1;
      for (PersistentRepr event : simulation.disk.events(id)) {
        LedgerEvent told = (LedgerEvent) event.payload();
        if (told.hasSeeded()) {
          next = told.getSeeded().getResumedFromCommittedSteps();
        } else if (told.hasStepCommitted()) {
          StepCommitted step = told.getStepCommitted();
          Broken.unless(
              step.getStep() == next, "%s has step %d after %d", id, step.getStep(), next - 1);
          requireBatch(plan.batch(next), order, step);
          next++;
        }
      }
    }
  }

  /** As people read it: over all attempts each step once, in order, and each cycle once. */
  private void requireOneHistory(LedgerImage image) {
    if (simulation.planted.contains(Faults.COMMIT_BY_STEP_ALONE)) {
      return;
    }
    long[] next = {0};
    long[] seen = {-1};
    try (LedgerReader reader = simulation.ledger()) {
      LedgerState state =
          reader.export(
              visit -> {
                if (visit.step() != seen[0]) {
                  Broken.unless(
                      visit.step() == next[0],
                      "the history has step %d after %d",
                      visit.step(),
                      seen[0]);
                  seen[0] = next[0]++;
                }
              });
      TableStamp used = LedgerState.of(image).tableStamp();
      Broken.unless(
          state.tableStamp().equals(used),
          "the rewrites of the history are %s, those of the checkpoint %s",
          state.tableStamp(),
          used);
    }
    Broken.unless(
        next[0] == simulation.scenario.plan().totalSteps(), "the history has %d steps", next[0]);
  }

  private static void requireBatch(StepBatch batch, SampleOrder order, StepCommitted step) {
    int count = batch.toPosition() - batch.fromPosition();
    Broken.unless(
        step.getSamplesCount() == count,
        "step %d counts %d samples, its batch has %d",
        step.getStep(),
        step.getSamplesCount(),
        count);
    for (int i = 0; i < count; i++) {
      int sample = order.at(batch.epoch(), batch.fromPosition() + i);
      Broken.unless(
          step.getSamples(i) == sample,
          "step %d counts sample %d at position %d, where %d belongs",
          step.getStep(),
          step.getSamples(i),
          i,
          sample);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

package io.akkord.actors.checkpoint;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import com.google.protobuf.InvalidProtocolBufferException;
import io.akkord.actors.CborMessage;
import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.LaneInbox;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.params.SliceBlocks;
import io.akkord.actors.run.RunFacts;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.proto.CheckpointManifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects the slices' host snapshots of a version and writes them as a checkpoint in the
 * background, one at a time; training goes on meanwhile.
 */
public final class Checkpointer extends AbstractBehavior<Checkpointer.Command> {

  /** What the checkpointer can be told. */
  public sealed interface Command extends CborMessage {}

  /**
   * Write the checkpoint after so many steps, as soon as its slices are here.
   *
   * @param manifest facts of the manifest, serialized
   * @param ledgerFile the ledger's state at that moment; moved into the checkpoint
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Write(
      long committedSteps,
      byte[] manifest,
      String trainerState,
      String ledgerFile,
      ActorRef<Written> replyTo)
      implements Command {}

  /**
   * The answer.
   *
   * @param seconds of writing
   * @param copySeconds of the slowest copy of a slice, for which training waited
   * @param error what went wrong; null if nothing did
   * @param missing slices that did not come in time
   */
  public record Written(
      long committedSteps,
      String folder,
      double seconds,
      double copySeconds,
      String error,
      List<Integer> missing)
      implements CborMessage {}

  private record BlockArrived(BulkHeader header, long block) implements Command {}

  private record Overdue(Write write) implements Command {}

  private record Finished(
      Write write, String folder, double seconds, double copySeconds, Throwable failure)
      implements Command {}

  /** Weights and two moments. */
  private static final int KINDS = 3;

  private static final Logger LOG = LoggerFactory.getLogger(Checkpointer.class);

  private final RunFacts facts;
  private final LaneInbox inbox;
  private final CheckpointWriter writer;
  private final Tenure tenure;
  private final CheckpointContent.PathWriter metadata;
  private final Executor blockingIo;
  private final Map<Long, Map<BulkHeader.Kind, Map<Integer, LaneInbox.Block>>> snapshots =
      new TreeMap<>();
  private final List<Write> waiting = new ArrayList<>();
  private final TimerScheduler<Command> timers;
  private boolean writing;

  /** Slices up to these steps are not wanted any more. */
  private long written = -1;

  /**
   * The checkpointer of a run.
   *
   * @param metadata copies the model's configuration and tokenizer into a folder
   * @param space asked before each checkpoint
   * @param takenOver whether another process is known to carry the run on; asked before a
   *     checkpoint becomes visible
   */
  public static Behavior<Command> create(
      RunFacts facts,
      LaneInbox inbox,
      CheckpointContent.PathWriter metadata,
      FreeSpace space,
      BooleanSupplier takenOver) {
    int limit = facts.plan().recipe().saveTotalLimit().orElse(0);
    CheckpointWriter writer = new CheckpointWriter(limit, Clock.systemUTC(), space);
    return create(facts, inbox, metadata, writer, takenOver);
  }

  /** The same with a writer on another disk. */
  public static Behavior<Command> create(
      RunFacts facts,
      LaneInbox inbox,
      CheckpointContent.PathWriter metadata,
      CheckpointWriter writer,
      BooleanSupplier takenOver) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new Checkpointer(context, timers, facts, inbox, metadata, writer, takenOver)));
  }

  private Checkpointer(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      RunFacts facts,
      LaneInbox inbox,
      CheckpointContent.PathWriter metadata,
      CheckpointWriter writer,
      BooleanSupplier takenOver) {
    super(context);
    this.timers = timers;
    this.facts = facts;
    this.inbox = inbox;
    this.metadata = metadata;
    this.tenure = new Tenure(takenOver);
    this.writer = writer.during(tenure);
    this.blockingIo =
        context
            .getSystem()
            .dispatchers()
            .lookup(DispatcherSelector.fromConfig("akkord.blocking-io"));
    ActorRef<Command> self = context.getSelf();
    inbox.listen(arrived -> self.tell(new BlockArrived(arrived.header(), arrived.block())));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(BlockArrived.class, this::onBlockArrived)
        .onMessage(Write.class, this::onWrite)
        .onMessage(Finished.class, this::onFinished)
        .onMessage(Overdue.class, overdue -> onOverdue(overdue.write()))
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  private Behavior<Command> onBlockArrived(BlockArrived arrived) {
    BulkHeader header = arrived.header();
    boolean wanted =
        SliceBlocks.isOurs(facts, header)
            && SliceBlocks.STATE.contains(header.kind())
            && header.step() > written;
    if (!wanted) {
      inbox.refuse(arrived.block());
      return this;
    }
    LaneInbox.Block block = inbox.take(arrived.block());
    Optional<String> flaw = SliceBlocks.flaw(facts, block);
    if (flaw.isPresent()) {
      getContext().getLog().warn("the checkpoint refused {}", flaw.get());
      block.release().run();
      return this;
    }
    Map<Integer, LaneInbox.Block> slices =
        snapshots
            .computeIfAbsent(header.step(), v -> new EnumMap<>(BulkHeader.Kind.class))
            .computeIfAbsent(header.kind(), k -> new TreeMap<>());
    if (slices.putIfAbsent(header.slice(), block) != null) {
      // Every copy of a slice sends its own; the first one is as good as the others.
      block.release().run();
    }
    writeWhenReady();
    return this;
  }

  private Behavior<Command> onWrite(Write write) {
    waiting.add(write);
    timers.startSingleTimer(
        write.committedSteps(), new Overdue(write), facts.settings().deadlines().checkpoint());
    writeWhenReady();
    return this;
  }

  private Behavior<Command> onOverdue(Write write) {
    String why = "the disk is not done";
    List<Integer> missing = List.of();
    if (waiting.remove(write)) {
      var snapshot = snapshots.getOrDefault(write.committedSteps(), Map.of());
      Map<BulkHeader.Kind, Object> here = new TreeMap<>();
      snapshot.forEach((kind, slices) -> here.put(kind, slices.keySet()));
      missing = missing(snapshot);
      why =
          "%s; slices that have come: %s of %d"
              .formatted(
                  writing ? "an earlier one is still being written" : "slices are missing",
                  here,
                  facts.slices().size());
    }
    String error =
        "the checkpoint after %d steps is not written after %s: %s"
            .formatted(write.committedSteps(), facts.settings().deadlines().checkpoint(), why);
    write.replyTo().tell(new Written(write.committedSteps(), null, 0, 0, error, missing));
    return this;
  }

  private List<Integer> missing(Map<BulkHeader.Kind, Map<Integer, LaneInbox.Block>> snapshot) {
    return facts.slices().stream()
        .map(Slice::index)
        .filter(
            slice -> snapshot.values().stream().filter(m -> m.containsKey(slice)).count() < KINDS)
        .toList();
  }

  private void writeWhenReady() {
    if (writing) {
      return;
    }
    for (Write write : waiting) {
      var snapshot = snapshots.get(write.committedSteps());
      if (snapshot != null && complete(snapshot)) {
        waiting.remove(write);
        writing = true;
        written = Math.max(written, write.committedSteps());
        start(write, snapshots.remove(write.committedSteps()));
        return;
      }
    }
  }

  private boolean complete(Map<BulkHeader.Kind, Map<Integer, LaneInbox.Block>> snapshot) {
    int slices = facts.slices().size();
    return snapshot.size() == KINDS && snapshot.values().stream().allMatch(m -> m.size() == slices);
  }

  /**
   * Has the snapshot written, which belongs to the writing from now on: its blocks are released
   * when the disk is done with them, be it after this actor's end.
   */
  private void start(Write write, Map<BulkHeader.Kind, Map<Integer, LaneInbox.Block>> snapshot) {
    long began = System.nanoTime();
    double copySeconds = copySeconds(snapshot);
    CompletableFuture<Path> folder =
        CompletableFuture.supplyAsync(() -> writeNow(write, snapshot), blockingIo);
    getContext()
        .pipeToSelf(
            folder,
            (path, failure) ->
                new Finished(
                    write,
                    path == null ? null : path.toString(),
                    (System.nanoTime() - began) / 1e9,
                    copySeconds,
                    failure));
  }

  private Path writeNow(Write write, Map<BulkHeader.Kind, Map<Integer, LaneInbox.Block>> snapshot) {
    Path ledger = Path.of(write.ledgerFile());
    Path folder;
    try {
      folder = write(write, ledger, snapshot);
    } finally {
      release(snapshot);
    }
    try {
      Files.deleteIfExists(ledger);
    } catch (IOException e) {
      // The checkpoint is whole without it; the next one tries again.
      LOG.warn("{} cannot be removed: {}", ledger, e.toString());
    }
    return folder;
  }

  private Path write(
      Write write, Path ledger, Map<BulkHeader.Kind, Map<Integer, LaneInbox.Block>> snapshot) {
    return writer.write(
        facts.plan().recipe().outputDir(),
        new CheckpointContent(
            parse(write.manifest()),
            dtype(facts),
            weightsFile(facts),
            tensors(facts),
            source(snapshot.get(BulkHeader.Kind.SNAPSHOT_WEIGHTS)),
            source(snapshot.get(BulkHeader.Kind.SNAPSHOT_FIRST_MOMENT)),
            source(snapshot.get(BulkHeader.Kind.SNAPSHOT_SECOND_MOMENT)),
            file -> Files.copy(ledger, file),
            size(ledger),
            metadata,
            write.trainerState()));
  }

  /** A ledger that is not there is named when it is copied. */
  private static long size(Path ledger) {
    try {
      return Files.size(ledger);
    } catch (IOException e) {
      return 0;
    }
  }

  private static CheckpointManifest parse(byte[] manifest) {
    try {
      return CheckpointManifest.parseFrom(manifest);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("the facts of a manifest", e);
    }
  }

  /** The element type of a run's master weights. */
  public static CheckpointContent.Dtype dtype(RunFacts facts) {
    return dtype(facts.plan().recipe().dtype());
  }

  /** The element type of master weights when this is computed with. */
  public static CheckpointContent.Dtype dtype(io.akkord.config.Dtype compute) {
    return compute == io.akkord.config.Dtype.FLOAT64
        ? CheckpointContent.Dtype.F64
        : CheckpointContent.Dtype.F32;
  }

  /** What the file of a run's weights is called: as PEFT or as transformers looks for it. */
  public static String weightsFile(RunFacts facts) {
    return facts.plan().recipe().lora().isPresent() ? AdapterFolder.WEIGHTS : HfFolder.WEIGHTS;
  }

  /** The parameters as a checkpoint names them. */
  public static List<CheckpointContent.Tensor> tensors(RunFacts facts) {
    return facts.layout().parameters().stream()
        .map(p -> new CheckpointContent.Tensor(p.name(), p.shape(), p.offset()))
        .toList();
  }

  /** The slices as one flat buffer. */
  private FlatSource source(Map<Integer, LaneInbox.Block> slices) {
    int width = dtype(facts).bytes();
    return (from, dst) -> {
      long at = from;
      for (var slice : facts.slices()) {
        long end = Math.min(slice.to(), at + dst.remaining() / width);
        if (at >= slice.from() && at < end) {
          ByteBuffer bytes =
              slices.get(slice.index()).bytes().duplicate().order(ByteOrder.LITTLE_ENDIAN);
          bytes.position((int) ((at - slice.from()) * width));
          bytes.limit((int) ((end - slice.from()) * width));
          dst.put(bytes);
          at = end;
        }
      }
    };
  }

  private Behavior<Command> onFinished(Finished finished) {
    writing = false;
    long steps = finished.write().committedSteps();
    timers.cancel(steps);
    release(steps);
    String error = null;
    if (finished.failure() != null) {
      Throwable cause =
          finished.failure().getCause() != null
              ? finished.failure().getCause()
              : finished.failure();
      error = String.valueOf(cause.getMessage());
      getContext().getLog().error("checkpoint after step {}: {}", steps, error);
    }
    finished
        .write()
        .replyTo()
        .tell(
            new Written(
                steps,
                finished.folder(),
                finished.seconds(),
                finished.copySeconds(),
                error,
                List.of()));
    writeWhenReady();
    return this;
  }

  /** Slices are copied side by side, so the run waited for the slowest. */
  private static double copySeconds(Map<BulkHeader.Kind, Map<Integer, LaneInbox.Block>> snapshot) {
    return snapshot.values().stream()
            .flatMap(slices -> slices.values().stream())
            .mapToLong(block -> block.header().assignment())
            .max()
            .orElse(0)
        / 1e9;
  }

  private void release(long upTo) {
    snapshots.entrySet().stream()
        .filter(entry -> entry.getKey() <= upTo)
        .forEach(entry -> release(entry.getValue()));
    snapshots.keySet().removeIf(version -> version <= upTo);
  }

  private static void release(Map<BulkHeader.Kind, Map<Integer, LaneInbox.Block>> snapshot) {
    snapshot.values().stream()
        .flatMap(slices -> slices.values().stream())
        .forEach(block -> block.release().run());
  }

  private Behavior<Command> onPostStop(PostStop signal) {
    tenure.end();
    release(Long.MAX_VALUE);
    inbox.close();
    return this;
  }
}

package io.akkord.actors.params;

import io.akkord.actors.bulk.BulkHeader;
import io.akkord.actors.bulk.BulkHeader.Kind;
import io.akkord.actors.bulk.Dtype;
import io.akkord.actors.bulk.LaneInbox.Block;
import io.akkord.actors.ledger.Ledger.CommitStep;
import io.akkord.actors.ledger.PureLedger;
import io.akkord.actors.params.StepBarrier.Outcome;
import io.akkord.model.objective.Moments;
import io.akkord.model.tree.ReductionTree;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The pure states of a step (barrier, gradient parts, holders, assignment, ledger) wired by a
 * network that delivers in an order of the seed's choice. Messages of one pair keep their order;
 * blocks keep none.
 */
final class PureSteps {
  /** A decision planted wrong. */
  enum Fault {
    NONE,
    /** A block counts under whatever assignment it was computed. */
    NO_ASSIGNMENT_CHECK,
    /** One slice less is waited for. */
    APPLY_BEFORE_THE_LAST_SLICE,
    /** Parts are added as they come and not along the tree. */
    SUM_IN_ORDER_OF_ARRIVAL,
    /** The norm adds slices and not blocks. */
    NORM_BY_SLICES,
    /** A commit is acknowledged before the disk was forced. */
    NO_FSYNC
  }

  /** Runs with other numbers. */
  static final int KINDS = 8;

  private static final int STEPS = 5;
  private static final int SHARDS = 5;
  private static final int PER_SHARD = 2;
  private static final int BLOCKS = 6;
  private static final int MOST_UNACKNOWLEDGED = 4;
  private static final int MOST_EVENTS = 20_000;

  /** Something that must not be. */
  static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1;

    Broken(String message) {
      super(message);
    }
  }

  private record Share(long number, List<Integer> shards) {}

  private static final class Worker {
    final Map<Long, Map<Integer, double[]>> incoming = new TreeMap<>();
    final Map<Long, List<Share>> ofStep = new HashMap<>();
    final List<Share> scored = new ArrayList<>();
    Share shares;
    long version = -1;
    long started = -1;
    long startedUnder = -1;
    double[] weights;
    boolean alive = true;
  }

  private static final class Copy {
    final int slice;
    final String holder;
    final GradientParts parts = new GradientParts();
    final List<Block> early = new ArrayList<>();
    final List<Block> arrived = new ArrayList<>();
    double[] weights;
    double[] sum;
    long version;

    Copy(int slice, String holder, double[] weights) {
      this.slice = slice;
      this.holder = holder;
      this.weights = weights;
    }
  }

  private final SplittableRandom random;
  private final Fault fault;
  private final List<String> transcript;
  private final int slices;
  private final int kind;
  private final Map<String, Worker> workers = new LinkedHashMap<>();
  private final List<Copy> copies = new ArrayList<>();
  private final Map<String, Deque<Runnable>> network = new LinkedHashMap<>();
  private final PureLedger ledger = new PureLedger(STEPS * SHARDS * PER_SHARD);
  private final TreeMap<Long, CommitStep> unacknowledged = new TreeMap<>();
  private final double deaths;
  private SliceHolders holders;
  private Assignment assignment;
  private StepBarrier barrier;
  private Moments moments;
  private Runnable heldBack;
  private long blocks;
  private long nan = -1;

  /**
   * A seed.
   *
   * @param quiet nothing happens to one worker and one slice
   * @param transcript takes what happens; null if nobody reads it
   */
  PureSteps(long seed, boolean quiet, Fault fault, List<String> transcript) {
    this.random = new SplittableRandom(seed);
    this.fault = fault;
    this.transcript = transcript;
    this.kind = (int) (seed % KINDS);
    this.slices = quiet ? 1 : 1 + random.nextInt(3);
    int count = quiet ? 1 : 1 + random.nextInt(4);
    this.deaths = quiet ? 0 : random.nextInt(3) * 0.004;
    for (int i = 0; i < count; i++) {
      workers.put("w" + i, new Worker());
    }
    List<List<Holder>> bySlice = new ArrayList<>();
    for (int slice = 0; slice < slices; slice++) {
      List<Holder> of = new ArrayList<>();
      of.add(copy(slice, "control"));
      if (!quiet && random.nextBoolean()) {
        of.add(copy(slice, "w" + slice % count));
      }
      bySlice.add(of);
    }
    holders = new SliceHolders(bySlice);
    if (!quiet && random.nextInt(3) == 0) {
      nan = random.nextInt(STEPS);
    }
  }

  private Holder copy(int slice, String id) {
    double[] weights = new double[to(slice) - from(slice)];
    Arrays.setAll(weights, i -> number(kind * BLOCKS + from(slice) + i));
    copies.add(new Copy(slice, id, weights));
    return new Holder(id, null, null);
  }

  private int from(int slice) {
    return BLOCKS * slice / slices;
  }

  private int to(int slice) {
    return BLOCKS * (slice + 1) / slices;
  }

  /** Runs all steps; returns the final weights. */
  double[] run() {
    assignment = Assignment.of(1, SHARDS, List.copyOf(workers.keySet()));
    startStep(0);
    assign(null);
    copies.stream().filter(c -> c.holder.equals("control")).forEach(this::publish);
    for (int event = 0; barrier != null || !unacknowledged.isEmpty(); event++) {
      require(event < MOST_EVENTS, "no end");
      happen();
      if (!deliver()) {
        require(!unacknowledged.isEmpty(), "nothing is under way and step " + step() + " is open");
        note("the commits are sent again");
        unacknowledged.values().forEach(this::tellLedger);
      }
    }
    return result();
  }

  private long step() {
    return barrier == null ? STEPS : barrier.step();
  }

  private void note(String text) {
    if (transcript != null) {
      transcript.add(text);
    }
  }

  private void require(boolean holds, String message) {
    if (!holds) {
      throw new Broken(message);
    }
  }

  // ---- network and trouble ----------------------------------------------------------------------

  private void send(String from, String to, String what, Runnable message) {
    network.computeIfAbsent(from + "→" + to, pair -> new ArrayDeque<>()).add(message);
    note(from + " → " + to + " " + what);
  }

  private boolean deliver() {
    if (network.isEmpty()) {
      return false;
    }
    List<String> pairs = List.copyOf(network.keySet());
    String pair = pairs.get(random.nextInt(pairs.size()));
    Deque<Runnable> queue = network.get(pair);
    Runnable message = queue.poll();
    if (queue.isEmpty()) {
      network.remove(pair);
    }
    note("at " + pair.substring(pair.indexOf('→') + 1));
    message.run();
    return true;
  }

  private void happen() {
    double dice = random.nextDouble();
    List<String> living = living();
    if (dice < deaths && living.size() > 1 && barrier != null) {
      die(living.get(random.nextInt(living.size())));
    } else if (deaths > 0 && dice > 1 - deaths) {
      note("the ledger loses power");
      ledger.crash();
      network.keySet().removeIf(pair -> pair.contains("ledger"));
    }
  }

  private List<String> living() {
    return workers.keySet().stream().filter(id -> workers.get(id).alive).toList();
  }

  /** As the supervisor and the parameter server do it: its shards go round the others. */
  private void die(String id) {
    note(id + " dies");
    workers.get(id).alive = false;
    copies.removeIf(copy -> copy.holder.equals(id));
    holders.lose(holder -> holder.id().equals(id));
    List<String> owners = new ArrayList<>(assignment.owners());
    List<Integer> moved = new ArrayList<>();
    List<String> living = living();
    for (int shard = 0; shard < owners.size(); shard++) {
      if (owners.get(shard).equals(id)) {
        owners.set(shard, living.get(moved.size() % living.size()));
        moved.add(shard);
      }
    }
    assignment = new Assignment(assignment.number() + 1, owners);
    barrier.reassign(assignment.number(), moved);
    if (!moved.isEmpty()) {
      heldBack = null;
      holders.clearSums();
    }
    expect();
    assign(moved);
    for (int slice = 0; slice < slices && moved.isEmpty(); slice++) {
      sumWhenComplete(slice);
    }
  }

  // ---- parameter server -------------------------------------------------------------------------

  private void startStep(long step) {
    int waitedFor = fault == Fault.APPLY_BEFORE_THE_LAST_SLICE ? Math.max(1, slices - 1) : slices;
    barrier = new StepBarrier(step, SHARDS, waitedFor, assignment.number());
    holders.clearSums();
    moments = null;
    expect();
  }

  private void expect() {
    long step = barrier.step();
    long[] assignments = barrier.assignments();
    copies.forEach(
        copy ->
            send(
                "server",
                copy.holder + "/" + copy.slice,
                "Expect " + step + " " + Arrays.toString(assignments),
                () -> onExpect(copy, step, assignments)));
  }

  /** Those that moved are computed for this step; without any, all are. */
  private void assign(List<Integer> moved) {
    long step = barrier.step();
    for (String id : living()) {
      List<Integer> all = assignment.shardsOf(id);
      List<Integer> now = moved == null ? all : all.stream().filter(moved::contains).toList();
      Share share = new Share(assignment.number(), now);
      Share later = new Share(assignment.number(), all);
      send(
          "server",
          id,
          "Assigned " + share,
          () -> onAssigned(id, step, moved == null, share, later));
    }
  }

  private void onScored(String worker, long step, long number, List<ShardScore> scores) {
    if (barrier == null) {
      return;
    }
    Outcome last = new Outcome.Waiting();
    for (ShardScore score : scores) {
      Outcome outcome = barrier.score(step, number, score);
      last = outcome instanceof Outcome.Ignored ? last : outcome;
    }
    if (moments != null && workers.get(worker).alive) {
      tellMoments(worker);
    } else if (last instanceof Outcome.Scored all) {
      moments = Moments.of(StepWeights.costs(all.scores()));
      living().forEach(this::tellMoments);
    } else if (last instanceof Outcome.Recompute) {
      note("computed once more");
      List<String> ids = assignment.owners().stream().distinct().toList();
      List<String> next =
          assignment.owners().stream()
              .map(id -> ids.get((ids.indexOf(id) + 1) % ids.size()))
              .toList();
      assignment = new Assignment(assignment.number() + 1, next);
      moments = null;
      barrier.recompute(assignment.number());
      holders.clearSums();
      expect();
      assign(null);
    } else {
      require(!(last instanceof Outcome.Skip), "a step is skipped");
    }
  }

  private void tellMoments(String id) {
    long step = barrier.step();
    Moments told = moments;
    send("server", id, "StepMoments " + step, () -> onMoments(id, step, told));
  }

  private void onSummed(long step, long number, int slice, String holder, double[] squares) {
    if (barrier == null || step != barrier.step() || number != newest()) {
      return;
    }
    holders.summed(slice, holder, squares);
    sumWhenComplete(slice);
  }

  private long newest() {
    return Arrays.stream(barrier.assignments()).max().orElse(0);
  }

  private void sumWhenComplete(int slice) {
    if (barrier == null || holders.complete(slice).isEmpty()) {
      return;
    }
    Outcome outcome =
        barrier.summed(barrier.step(), newest(), slice, holders.complete(slice).get());
    if (outcome instanceof Outcome.Summed all) {
      if (unacknowledged.size() < MOST_UNACKNOWLEDGED) {
        commit(all.norm());
      } else {
        heldBack = () -> commit(all.norm());
      }
    }
  }

  private void commit(double norm) {
    long step = barrier.step();
    List<ShardScore> scores = barrier.scores();
    double[] costs = StepWeights.costs(scores);
    float[] narrow = new float[costs.length];
    for (int i = 0; i < costs.length; i++) {
      narrow[i] = (float) costs[i];
    }
    int[] samples = scores.stream().flatMapToInt(s -> Arrays.stream(s.samples())).toArray();
    CommitStep told =
        new CommitStep(step, samples, narrow, moments.mean(), moments.std(), false, null);
    unacknowledged.put(step, told);
    require(step - ledger.durable() <= MOST_UNACKNOWLEDGED, "the journal lags behind");
    tellLedger(told);
    copies.forEach(
        copy ->
            send(
                "server",
                copy.holder + "/" + copy.slice,
                "Apply " + step,
                () -> onApply(copy, step, norm)));
    barrier = null;
    if (step + 1 < STEPS) {
      startStep(step + 1);
    }
  }

  private void tellLedger(CommitStep told) {
    send(
        "server",
        "ledger",
        "CommitStep " + told.step(),
        () -> {
          long stored = ledger.commit(told);
          send(
              "disk",
              "ledger",
              "forced",
              () -> {
                if (fault != Fault.NO_FSYNC) {
                  ledger.sync();
                }
                send("ledger", "server", "StepStored " + stored, () -> onStored(stored));
              });
        });
  }

  private void onStored(long step) {
    require(step < ledger.durable(), "step " + step + " is acknowledged and not on the disk");
    unacknowledged.headMap(step, true).clear();
    if (heldBack != null && unacknowledged.size() < MOST_UNACKNOWLEDGED) {
      Runnable commit = heldBack;
      heldBack = null;
      commit.run();
    }
  }

  // ---- workers ----------------------------------------------------------------------------------

  private void onParameters(String id, int slice, long version, double[] weights) {
    Worker worker = workers.get(id);
    if (!worker.alive || version <= worker.version) {
      return;
    }
    worker.incoming.computeIfAbsent(version, v -> new TreeMap<>()).put(slice, weights);
    if (worker.incoming.get(version).size() < slices) {
      return;
    }
    worker.weights =
        worker.incoming.get(version).values().stream().flatMapToDouble(Arrays::stream).toArray();
    worker.version = version;
    worker.incoming.keySet().removeIf(v -> v <= version);
    worker.scored.clear();
    worker.ofStep.keySet().removeIf(step -> step < version);
    startWhenReady(id, worker);
  }

  private void onAssigned(String id, long step, boolean anew, Share now, Share all) {
    Worker worker = workers.get(id);
    boolean replaces = worker.shares == null || anew;
    List<Share> shares = new ArrayList<>();
    if (!replaces) {
      shares.addAll(worker.ofStep.getOrDefault(step, List.of(worker.shares)));
    }
    shares.add(now);
    worker.ofStep.put(step, shares);
    worker.shares = all;
    if (worker.started == step) {
      score(id, worker, now);
    } else if (worker.started > step && now.number() > worker.startedUnder) {
      worker.startedUnder = now.number();
      score(id, worker, all);
    } else {
      startWhenReady(id, worker);
    }
  }

  private void startWhenReady(String id, Worker worker) {
    long version = worker.version;
    if (worker.shares != null && version >= 0 && version < STEPS && worker.started != version) {
      worker.started = version;
      List<Share> shares = worker.ofStep.getOrDefault(version, List.of(worker.shares));
      worker.startedUnder = shares.stream().mapToLong(Share::number).max().orElse(-1);
      shares.forEach(share -> score(id, worker, share));
    }
  }

  private void score(String id, Worker worker, Share share) {
    if (!worker.alive || share.shards().isEmpty()) {
      return;
    }
    long step = worker.version;
    List<ShardScore> scores =
        share.shards().stream().map(shard -> score(worker, step, shard)).toList();
    worker.scored.add(share);
    String what = "Scored " + step + " under " + share;
    send(id, "server", what, () -> onScored(id, step, share.number(), scores));
  }

  private ShardScore score(Worker worker, long step, int shard) {
    int[] samples = new int[PER_SHARD];
    double[] costs = new double[PER_SHARD];
    for (int i = 0; i < PER_SHARD; i++) {
      samples[i] = (int) (step * SHARDS * PER_SHARD) + shard * PER_SHARD + i;
      costs[i] = number(hash(worker.weights) + samples[i]);
    }
    if (nan == step) {
      nan = -1;
      costs[0] = Double.NaN;
    }
    double[] zeros = new double[PER_SHARD];
    int[] ones = {1, 1};
    return new ShardScore(shard, samples, costs, zeros, zeros, ones, new int[] {PER_SHARD}, 0, 0);
  }

  private void onMoments(String id, long step, Moments told) {
    Worker worker = workers.get(id);
    if (!worker.alive || worker.version != step) {
      return;
    }
    List<Share> shares = List.copyOf(worker.scored);
    worker.scored.clear();
    for (Share share : shares) {
      HashSet<Integer> owned = new HashSet<>(share.shards());
      for (Node node : ReductionTree.maximalSubtrees(SHARDS, owned)) {
        push(id, step, share.number(), node, gradient(worker.weights, node, told));
      }
    }
  }

  private void push(String id, long step, long number, Node node, double[] sum) {
    for (Copy copy : copies) {
      double[] part = Arrays.copyOfRange(sum, from(copy.slice), to(copy.slice));
      send(
          id,
          "block" + blocks++,
          "gradient " + node + " of step " + step + " under " + number + " for " + copy.holder,
          () -> onBlock(copy, step, number, node, part));
    }
  }

  private static double[] gradient(double[] weights, Node node, Moments told) {
    double[] sum = new double[weights.length];
    if (node.isLeaf()) {
      long mark = hash(weights) + Double.doubleToLongBits(told.mean()) + node.lo();
      Arrays.setAll(sum, i -> number(mark * 31 + i));
    } else {
      double[] left = gradient(weights, node.left(), told);
      double[] right = gradient(weights, node.right(), told);
      Arrays.setAll(sum, i -> left[i] + right[i]);
    }
    return sum;
  }

  // ---- slices -----------------------------------------------------------------------------------

  private void onExpect(Copy copy, long step, long[] assignments) {
    copy.parts.expect(step, assignments);
    List<Block> again = List.copyOf(copy.early);
    copy.early.clear();
    again.forEach(block -> take(copy, block));
  }

  private void onBlock(Copy copy, long step, long number, Node node, double[] part) {
    ByteBuffer bytes = ByteBuffer.allocate(part.length * Double.BYTES);
    bytes.asDoubleBuffer().put(part);
    BulkHeader header =
        new BulkHeader(
            "run", 1, step, number, Kind.GRADIENT, Dtype.FLOAT64, node.lo(), node.hi(), copy.slice);
    take(copy, new Block(header, bytes, () -> {}));
  }

  private void take(Copy copy, Block block) {
    BulkHeader header = block.header();
    if (copy.parts.early(header)) {
      copy.early.add(block);
      require(copy.early.size() < 200, "early blocks pile up");
      return;
    }
    boolean rename =
        fault == Fault.NO_ASSIGNMENT_CHECK && header.step() == copy.parts.step() && barrier != null;
    long as = rename ? barrier.assignments()[header.lo()] : header.assignment();
    BulkHeader told =
        new BulkHeader(
            "run",
            1,
            header.step(),
            as,
            header.kind(),
            header.dtype(),
            header.lo(),
            header.hi(),
            0);
    copy.arrived.add(block);
    copy.parts.add(new Block(told, block.bytes(), block.release()));
    sum(copy);
  }

  private void sum(Copy copy) {
    if (!copy.parts.complete() || copy.parts.isSummed() || copy.parts.step() != copy.version) {
      return;
    }
    Map<Node, double[]> values = new HashMap<>();
    copy.parts.bytes().forEach((node, bytes) -> values.put(node, numbers(bytes)));
    int covered = values.keySet().stream().mapToInt(n -> n.hi() - n.lo()).sum();
    long shards =
        values.keySet().stream()
            .flatMapToInt(n -> IntStream.range(n.lo(), n.hi()))
            .distinct()
            .count();
    require(
        covered == SHARDS && shards == SHARDS, "not every shard counts once: " + values.keySet());
    copy.sum = fault == Fault.SUM_IN_ORDER_OF_ARRIVAL ? asTheyCame(copy) : alongTheTree(values);
    copy.parts.markSummed();
    long step = copy.parts.step();
    long number = copy.parts.assignment();
    double[] squares = squares(copy.sum);
    send(
        copy.holder + "/" + copy.slice,
        "server",
        "SliceSummed " + step + " under " + number,
        () -> onSummed(step, number, copy.slice, copy.holder, squares));
  }

  private static double[] alongTheTree(Map<Node, double[]> values) {
    return ReductionTree.reduce(ReductionTree.root(SHARDS), values, PureSteps::plus);
  }

  private static double[] asTheyCame(Copy copy) {
    double[] sum = new double[copy.weights.length];
    for (Block block : copy.arrived) {
      if (block.header().step() == copy.version) {
        sum = plus(sum, numbers(block.bytes()));
      }
    }
    return sum;
  }

  private static double[] plus(double[] left, double[] right) {
    double[] sum = new double[left.length];
    Arrays.setAll(sum, i -> left[i] + right[i]);
    return sum;
  }

  private double[] squares(double[] sum) {
    double[] squares = Arrays.stream(sum).map(g -> g * g).toArray();
    return fault == Fault.NORM_BY_SLICES ? new double[] {Arrays.stream(squares).sum()} : squares;
  }

  private static double[] numbers(ByteBuffer bytes) {
    double[] values = new double[bytes.remaining() / Double.BYTES];
    bytes.duplicate().asDoubleBuffer().get(values);
    return values;
  }

  private void onApply(Copy copy, long step, double norm) {
    if (step != copy.version) {
      return;
    }
    require(copy.sum != null, "slice " + copy.slice + " is updated before it is summed");
    double[] next = new double[copy.weights.length];
    Arrays.setAll(
        next,
        i ->
            number(
                Double.doubleToLongBits(copy.weights[i])
                    + 31 * Double.doubleToLongBits(copy.sum[i] * Math.min(1, 1 / norm))));
    copy.weights = next;
    copy.sum = null;
    copy.parts.detach();
    copy.arrived.removeIf(block -> block.header().step() <= step);
    copy.version = step + 1;
    if (copy.holder.equals("control")) {
      publish(copy);
    }
    sum(copy);
  }

  private void publish(Copy copy) {
    double[] weights = copy.weights;
    long version = copy.version;
    for (String id : living()) {
      send(
          copy.holder,
          "block" + blocks++,
          "parameters " + version + "/" + copy.slice + " for " + id,
          () -> onParameters(id, copy.slice, version, weights));
    }
  }

  // ---- the end ----------------------------------------------------------------------------------

  private double[] result() {
    while (deliver()) {
      note("drained");
    }
    require(ledger.state().committedSteps() == STEPS, "the ledger has not all steps");
    for (int sample = 0; sample < STEPS * SHARDS * PER_SHARD; sample++) {
      require(ledger.state().visits(sample) == 1, "sample " + sample + " does not count once");
    }
    double[] weights = new double[BLOCKS];
    for (Copy copy : copies) {
      if (copy.holder.equals("control")) {
        System.arraycopy(copy.weights, 0, weights, from(copy.slice), copy.weights.length);
      }
    }
    for (Copy copy : copies) {
      double[] same = Arrays.copyOfRange(weights, from(copy.slice), to(copy.slice));
      require(copy.version == STEPS && Arrays.equals(same, copy.weights), "copies differ");
    }
    return weights;
  }

  private static long hash(double[] values) {
    return Arrays.hashCode(values) * 0x9E3779B97F4A7C15L;
  }

  private static double number(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return 1 + ((z ^ (z >>> 31)) >>> 12) * 0x1.0p-52;
  }
}

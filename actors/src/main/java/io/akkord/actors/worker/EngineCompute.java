package io.akkord.actors.worker;

import io.akkord.actors.ledger.Ledger.RewriteGroup;
import io.akkord.actors.ledger.Ledger.RewriteOutcome;
import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.params.StepWeights;
import io.akkord.actors.rewrite.GroupRewriter;
import io.akkord.actors.run.RunFacts;
import io.akkord.actors.worker.HeldShard.Part;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.engine.Canary;
import io.akkord.model.engine.DeviceThread;
import io.akkord.model.engine.Engine;
import io.akkord.model.engine.EngineOptions;
import io.akkord.model.engine.FlatBuffer;
import io.akkord.model.engine.HeldForward;
import io.akkord.model.engine.SampleScore;
import io.akkord.model.engine.SelfTest;
import io.akkord.model.engine.WireDtype;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.model.layout.ParameterLayout.Slice;
import io.akkord.model.objective.Moments;
import io.akkord.model.objective.Objective;
import io.akkord.model.tree.ReductionTree;
import io.akkord.model.tree.ReductionTree.Node;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;

/** A worker's device: the engine with its data, behind one device thread. */
public final class EngineCompute implements Compute {
  /**
   * Held-out samples of one evaluation group: formed from the data alone, so bits do not depend on
   * who computes it.
   */
  public static final int EVAL_GROUP = 8;

  private final RunFacts facts;
  private final ModelConfig config;
  private final Optional<HfFolder> frozen;
  private final TokenFile eval;
  private final TextTokenizer tokenizer;
  private final DeviceThread device;
  private final String engineDevice;
  private final long heldLimit;
  private final WorkerSamples samples;
  private final Objective objective;
  private final int engineLength;
  private final Map<Long, Map<Integer, HeldShard>> heldByAssignment = new HashMap<>();
  private long heldStep = -1;
  private long heldBytes;
  private Engine engine;
  private final WireDtype wire;
  private GradientPool gradients;
  private GradientPool wireGradients;

  /**
   * A device that is not opened yet.
   *
   * @param frozen the model's weights, where training leaves them as they are
   * @param eval held-out samples, or null
   * @param tokenizer for the texts of rewrites, or null
   * @param heldLimit bytes that held forwards may take
   */
  public EngineCompute(
      RunFacts facts,
      ModelConfig config,
      Optional<HfFolder> frozen,
      TokenFile tokens,
      TokenFile eval,
      TextTokenizer tokenizer,
      DeviceThread device,
      String engineDevice,
      long heldLimit) {
    this.facts = facts;
    this.config = config;
    this.frozen = frozen;
    this.eval = eval;
    this.tokenizer = tokenizer;
    this.device = device;
    this.engineDevice = engineDevice;
    this.heldLimit = heldLimit;
    this.samples = new WorkerSamples(facts.plan(), tokens, config.padTokenId().orElse(0));
    this.wire = facts.plan().recipe().wireDtype();
    this.objective = facts.plan().recipe().objective();
    this.engineLength = facts.plan().recipe().maxLength();
  }

  private EngineOptions options() {
    var recipe = facts.plan().recipe();
    return new EngineOptions(
        engineDevice,
        recipe.dtype().name().toLowerCase(Locale.ROOT),
        recipe.threads(),
        recipe.lossType(),
        engineLength,
        recipe.gradientCheckpointing(),
        recipe.lora());
  }

  @Override
  public CompletionStage<String> open() {
    return device.submit(
        () -> {
          SelfTest.run(options().device(), options().threads());
          engine = Engine.open(config, options());
          gradients = new GradientPool(engine::newGradient);
          wireGradients = new GradientPool(engine::newWireGradient);
          int rows = facts.plan().recipe().microBatchSize();
          String hash = Canary.hash(engine, config.vocabSize(), rows);
          frozen.ifPresent(engine::load);
          return hash;
        });
  }

  @Override
  public CompletionStage<Void> install(List<ByteBuffer> slices) {
    return device.submit(
        () -> {
          for (Slice slice : facts.slices()) {
            ByteBuffer source = slices.get(facts.slices().indexOf(slice));
            engine.install(slice.from(), Math.toIntExact(slice.elements()), source, wire);
          }
          return null;
        });
  }

  @Override
  public CompletionStage<Void> useTable(List<RewrittenSample> table) {
    return device.submit(
        () -> {
          samples.use(table);
          return null;
        });
  }

  @Override
  public CompletionStage<Scores> forward(long step, long assignment, List<Integer> shards) {
    return device.submit(() -> forwardNow(step, assignment, shards));
  }

  private Scores forwardNow(long step, long assignment, List<Integer> shards) {
    if (step != heldStep) {
      dropHeld();
      heldStep = step;
    }
    Map<Integer, HeldShard> group = new TreeMap<>();
    heldByAssignment.put(assignment, group);
    long data = 0;
    long forward = 0;
    int held = 0;
    int all = 0;
    for (int shard : new TreeSet<>(shards)) {
      long start = System.nanoTime();
      List<MicroBatch> batches = samples.shard(step, shard);
      data += System.nanoTime() - start;
      start = System.nanoTime();
      HeldShard kept = new HeldShard(shard);
      for (MicroBatch batch : batches) {
        Part part = part(batch);
        kept.add(part);
        held += part.held() == null ? 0 : 1;
        all++;
      }
      group.put(shard, kept);
      forward += System.nanoTime() - start;
    }
    return new Scores(
        group.values().stream().map(HeldShard::score).toList(),
        held,
        all,
        data / 1e9,
        forward / 1e9);
  }

  /** Keeps the graph while memory allows, scores alone beyond. */
  private Part part(MicroBatch batch) {
    long bytes = engine.heldBytes(batch);
    if (heldBytes + bytes > heldLimit) {
      return new Part(batch, engine.score(batch), null);
    }
    heldBytes += bytes;
    HeldForward held = engine.forward(batch);
    return new Part(batch, held.scores(), held);
  }

  private void dropHeld() {
    heldByAssignment.values().forEach(group -> group.values().forEach(HeldShard::drop));
    heldByAssignment.clear();
    heldBytes = 0;
  }

  @Override
  public CompletionStage<List<PartialSum>> backward(
      long step, long assignment, Moments moments, int batchSize, long batchTokens) {
    return device.submit(() -> backwardNow(step, assignment, moments, batchSize, batchTokens));
  }

  private List<PartialSum> backwardNow(
      long step, long assignment, Moments moments, int batchSize, long batchTokens) {
    Map<Integer, HeldShard> group = heldByAssignment.remove(assignment);
    if (step != heldStep || group == null) {
      return List.of();
    }
    List<PartialSum> sums = new ArrayList<>();
    int shards = facts.plan().logicalShards();
    for (Node node : ReductionTree.maximalSubtrees(shards, group.keySet())) {
      FlatBuffer sum = subtree(node, group, moments, batchSize, batchTokens);
      sums.add(partial(node, sum));
    }
    return sums;
  }

  private PartialSum partial(Node node, FlatBuffer sum) {
    GradientPool pool = gradients;
    FlatBuffer sent = sum;
    if (wire == WireDtype.BFLOAT16) {
      pool = wireGradients;
      sent = pool.take();
      engine.convert(sent, sum);
      gradients.give(sum);
    }
    List<ByteBuffer> slices = new ArrayList<>();
    for (Slice slice : facts.slices()) {
      slices.add(sent.window(slice.from(), Math.toIntExact(slice.elements())));
    }
    GradientPool owner = pool;
    FlatBuffer bytes = sent;
    return new PartialSum(node, slices, () -> owner.give(bytes));
  }

  /** Depth first, so at most log₂ n + 1 buffers are in use. */
  private FlatBuffer subtree(
      Node node, Map<Integer, HeldShard> group, Moments moments, int batchSize, long tokens) {
    if (node.isLeaf()) {
      return leaf(group.get(node.lo()), moments, batchSize, tokens);
    }
    FlatBuffer left = subtree(node.left(), group, moments, batchSize, tokens);
    FlatBuffer right = subtree(node.right(), group, moments, batchSize, tokens);
    engine.add(left, right);
    gradients.give(right);
    return rounded(left);
  }

  private FlatBuffer leaf(HeldShard shard, Moments moments, int batchSize, long tokens) {
    FlatBuffer gradient = gradients.take();
    double[] weights = StepWeights.of(objective, shard.score(), moments);
    int at = 0;
    boolean first = true;
    for (Part part : shard.parts()) {
      double[] factors = new double[part.batch().samples()];
      for (int i = 0; i < factors.length; i++, at++) {
        int y = part.batch().targetCount()[i];
        factors[i] = objective.gradientFactor(weights[at], y, batchSize, tokens);
      }
      HeldForward held = part.held() == null ? engine.forward(part.batch()) : part.held();
      engine.backward(held, factors, gradient, first);
      heldBytes -= part.held() == null ? 0 : engine.heldBytes(part.batch());
      first = false;
    }
    if (first) {
      engine.clear(gradient);
    }
    return rounded(gradient);
  }

  private FlatBuffer rounded(FlatBuffer node) {
    if (wire == WireDtype.BFLOAT16) {
      engine.round(node);
    }
    return node;
  }

  @Override
  public CompletionStage<EvalScore> evaluate(int group) {
    return device.submit(
        () -> {
          List<TokenizedSample> rows = new ArrayList<>();
          int from = group * EVAL_GROUP;
          for (int i = from; i < Math.min(eval.size(), from + EVAL_GROUP); i++) {
            rows.add(eval.sample(i));
          }
          Map<String, EvalSums> byOrigin = new TreeMap<>();
          List<SampleScore> scores = engine.score(samples.batch(rows)).samples();
          for (int i = 0; i < scores.size(); i++) {
            SampleScore s = scores.get(i);
            byOrigin.merge(
                eval.origin(from + i),
                new EvalSums(1, s.nll(), s.meanP(), s.top1()),
                EvalSums::plus);
          }
          return new EvalScore(group, byOrigin);
        });
  }

  @Override
  public CompletionStage<List<RewriteOutcome>> rewrite(RewriteGroup group, long policyVersion) {
    return device.submit(
        () ->
            new GroupRewriter(facts.plan().recipe(), eosTokenIds(), engine, tokenizer)
                .rewrite(group, samples::sample, samples::batch, policyVersion));
  }

  /** The model's own, and the one that training puts behind every completion. */
  private List<Integer> eosTokenIds() {
    TreeSet<Integer> ids = new TreeSet<>(config.eosTokenIds());
    ids.add(tokenizer.eosId());
    return List.copyOf(ids);
  }

  @Override
  public CompletionStage<Void> close() {
    return device.submit(
        () -> {
          if (engine != null) {
            dropHeld();
            gradients.close();
            wireGradients.close();
            engine.close();
            engine = null;
          }
          return null;
        });
  }
}

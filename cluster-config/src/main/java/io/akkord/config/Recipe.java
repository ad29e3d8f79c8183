package io.akkord.config;

import io.akkord.model.engine.WireDtype;
import io.akkord.model.layout.Lora;
import io.akkord.model.objective.LossReduction;
import io.akkord.model.objective.LossType;
import io.akkord.model.objective.Objective;
import io.akkord.model.objective.SampleWeight;
import io.akkord.model.objective.StatsScope;
import io.akkord.model.optim.AdamW;
import io.akkord.model.optim.LrSchedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What one run is: model, data, objective and optimiser, as {@link RecipeReader} has read and
 * checked it. Component names are the recipe's keys in camel case; {@code recipe-defaults.yaml}
 * says what each means, its unit and its default. Paths are absolute.
 *
 * @param warmupRatio share of the run; empty when {@code warmupSteps} is there
 * @param rewrite empty when rewriting is off
 * @param lora empty when the whole model is trained
 */
public record Recipe(
    Path modelNameOrPath,
    Path trainFile,
    Optional<Path> evalFile,
    Path outputDir,
    LossType lossType,
    SampleWeight sampleWeight,
    LossReduction lossReduction,
    Cadft cadft,
    Optional<Rewrite> rewrite,
    int globalBatchSize,
    int microBatchSize,
    int logicalShards,
    int numTrainEpochs,
    Optional<Long> maxSteps,
    int maxLength,
    TooLong tooLong,
    boolean packing,
    boolean shuffle,
    long seed,
    double learningRate,
    LrSchedule.Kind lrSchedulerType,
    Optional<Double> warmupRatio,
    Optional<Long> warmupSteps,
    double weightDecay,
    double adamBeta1,
    double adamBeta2,
    double adamEpsilon,
    double maxGradNorm,
    Device device,
    Dtype dtype,
    WireDtype wireDtype,
    int threads,
    boolean gradientCheckpointing,
    Optional<Lora> lora,
    MemoryLimit heldForwardMemory,
    Optional<Integer> parameterShards,
    ParameterServer parameterServer,
    Optional<StepsOrShare> evalSteps,
    Optional<EvalMetric> metricForBest,
    Optional<StepsOrShare> saveSteps,
    Optional<Integer> saveTotalLimit,
    int loggingSteps) {

  /** The weight of a sample and the statistics behind it. */
  public record Cadft(double beta, double epsilon, StatsScope statsScope) {}

  /** How safely weights and optimiser state are kept. */
  public record ParameterServer(int replicas) {}

  /** When and how demonstrations that fight the model are rewritten (arXiv 2606.11206). */
  public record Rewrite(
      StepsOrShare warmup,
      StepsOrShare every,
      double fraction,
      double probability,
      int minVisits,
      double topP,
      double temperature,
      int maxNewTokens,
      Score score,
      double decay,
      Accept accept,
      int batch,
      int candidatesPerSample) {}

  /** What a sample's moving average follows. */
  public enum Score {
    /** The normalised score. */
    Z,
    /** The raw compatibility, nats/token. */
    C
  }

  /** Which replacements are taken. */
  public enum Accept {
    ANY,
    LOWER_SCORE,
    /** The final answer must be kept. Refused for now, see {@link NotYet}. */
    SAME_ANSWER
  }

  /** A key that has another value in another recipe; values as the recipe spells them. */
  public record Difference(String key, String here, String there) {
    @Override
    public String toString() {
      return key + ": " + here + " here, " + there + " there";
    }
  }

  /** The objective of the run. */
  public Objective objective() {
    return new Objective(
        lossType, sampleWeight, cadft.beta, cadft.epsilon, lossReduction, cadft.statsScope);
  }

  /**
   * The settings of rewriting, or their defaults where it is off: the ledger keeps its moving
   * averages (score, decay) in any case.
   */
  public Rewrite rewriteOrDefaults() {
    return rewrite.orElseGet(RecipeDefaults::rewrite);
  }

  /** The optimiser's constants. */
  public AdamW adamW() {
    return new AdamW(adamBeta1, adamBeta2, adamEpsilon, weightDecay);
  }

  /**
   * SHA-256 (hex) over every key that changes the bits of the result. Model and data are not in it,
   * they have hashes of their own; nor is where things are written, how often, or in how many
   * parts.
   */
  public String fingerprint() {
    return Fingerprint.sha256(resultKeys());
  }

  /** The keys that make the two results differ, sorted; empty exactly if the fingerprints agree. */
  public List<Difference> differences(Recipe other) {
    Map<String, String> here = resultKeys();
    Map<String, String> there = other.resultKeys();
    List<Difference> differences = new ArrayList<>();
    TreeMap<String, String> all = new TreeMap<>(there);
    all.putAll(here);
    Set<String> switchedOver = new TreeSet<>();
    for (String section : RecipeKeys.SWITCHED.keySet()) {
      if (!here.get(section).equals(there.get(section))) {
        switchedOver.add(section);
      }
    }
    for (String key : all.keySet()) {
      String a = here.getOrDefault(key, "not set");
      String b = there.getOrDefault(key, "not set");
      int dot = key.indexOf('.');
      boolean follows = dot > 0 && switchedOver.contains(key.substring(0, dot));
      if (!a.equals(b) && !follows) {
        differences.add(new Difference(key, a, b));
      }
    }
    return List.copyOf(differences);
  }

  /** All keys and values in YAML; reading it back gives an equal recipe. */
  public String toYaml() {
    return RecipeYaml.write(RecipeKeys.texts(this));
  }

  private Map<String, String> resultKeys() {
    TreeMap<String, String> keys = new TreeMap<>(RecipeKeys.texts(this));
    keys.keySet().removeIf(key -> !RecipeKeys.of(key).changesResult());
    if (maxSteps.isPresent()) {
      keys.remove("num_train_epochs"); // max_steps wins, over as many epochs as it takes
    }
    return keys;
  }
}

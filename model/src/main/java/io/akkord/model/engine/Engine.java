package io.akkord.model.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import io.akkord.model.UserError;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.TensorSource;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Parameter;
import io.akkord.model.program.Programs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * A model on one device: parameters in a flat buffer, the decoder program, and one native call per
 * phase. Every method must run on the engine's {@link DeviceThread}.
 */
public final class Engine implements AutoCloseable {
  /** Elements moved at once between a safetensors file and the flat buffer. */
  private static final int READ_CHUNK = 1 << 22;

  /** Arrays of numbers in front of the boundaries among the results of the program's forward. */
  private static final int SCORES = 6;

  private final ModelConfig config;
  private final EngineOptions options;
  private final ParameterLayout layout;
  private final DataType type;
  private final NDManager manager;
  private final ScriptModule program;
  private final FlatMath math;
  private final FlatBuffer parameters;
  private final FlatBuffer frozen;
  private final List<NDArray> leaves;
  private final NDArray cos;
  private final NDArray sin;
  private FlatBuffer arrived;

  private Engine(ModelConfig config, EngineOptions options) {
    this.config = config;
    this.options = options;
    this.layout = ParameterLayout.of(config, options.lora());
    this.type = dataType(options.dtype());
    this.manager = NDManager.newBaseManager(device(options.device()), "PyTorch");
    this.program =
        ScriptModule.load(
            manager,
            "Decoder",
            Programs.decoder(
                config,
                options.lossType(),
                options.dtype().equals("bfloat16"),
                options.gradientCheckpointing(),
                options.lora()));
    this.math = new FlatMath(manager);
    this.parameters = newGradient();
    this.frozen =
        new FlatBuffer(manager, math, frozenLayout().map(ParameterLayout::size).orElse(1L), type);
    this.leaves =
        new ArrayList<>(program.call(manager, "leaves", parameters.array(), frozen.array()));
    double[] angles = RotaryTables.angles(config, options.maxLength());
    Shape shape = new Shape(options.maxLength(), config.headDim());
    this.cos = table(angles, shape, true);
    this.sin = table(angles, shape, false);
  }

  /**
   * Loads the program and allocates parameters (zeros) and tables.
   *
   * @throws UserError if the device or the dtype does not exist here
   */
  public static Engine open(ModelConfig config, EngineOptions options) {
    DeviceThread.prepareCallingThread(options.threads());
    return new Engine(config, options);
  }

  private static DataType dataType(String dtype) {
    return switch (dtype) {
      case "float32", "bfloat16" -> DataType.FLOAT32;
      case "float64" -> DataType.FLOAT64;
      default ->
          throw new UserError(
              "dtype is '" + dtype + "'; allowed are float32, bfloat16 and float64");
    };
  }

  private static Device device(String name) {
    if (name.equals("cpu")) {
      return Device.cpu();
    }
    if (!CudaDevice.named(name)) {
      throw new UserError("device is '" + name + "'; allowed are cpu and cuda:N");
    }
    return Device.gpu(CudaDevice.require(name));
  }

  private NDArray table(double[] angles, Shape shape, boolean cosine) {
    double[] values = new double[angles.length];
    for (int i = 0; i < angles.length; i++) {
      values[i] = cosine ? Math.cos(angles[i]) : Math.sin(angles[i]);
    }
    return BatchInputs.number(manager, values, shape, type);
  }

  /** The layout of the trained parameters and of gradients. */
  public ParameterLayout layout() {
    return layout;
  }

  /** Longest row this engine has tables for, tokens. */
  public int maxLength() {
    return options.maxLength();
  }

  /** The trained parameters; a write to them is the update. */
  public FlatBuffer parameters() {
    return parameters;
  }

  /** A zeroed buffer with the layout of the parameters. */
  public FlatBuffer newGradient() {
    return new FlatBuffer(manager, math, layout.size(), type);
  }

  /** The layout of what adapters leave as it is; empty where the whole model is trained. */
  Optional<ParameterLayout> frozenLayout() {
    return options.lora().map(lora -> ParameterLayout.of(config));
  }

  /** The model's own parameters where adapters are trained, else one number that nobody reads. */
  FlatBuffer frozen() {
    return frozen;
  }

  /**
   * Reads all parameters of a model from its folder; adapters stay as they are.
   *
   * @throws UserError if a tensor is missing or has another shape
   */
  public void load(HfFolder folder) {
    folder.require(ParameterLayout.shapes(config));
    load(folder, frozenLayout().orElse(layout), frozenLayout().isEmpty() ? parameters : frozen);
  }

  /** Reads the adapters. */
  public void load(AdapterFolder adapter) {
    adapter.require(config);
    load(adapter, layout, parameters);
  }

  private void load(TensorSource source, ParameterLayout places, FlatBuffer target) {
    for (Parameter p : places.parameters()) {
      for (long at = 0; at < p.elements(); at += READ_CHUNK) {
        int count = (int) Math.min(READ_CHUNK, p.elements() - at);
        ByteBuffer window = target.window(p.offset() + at, count);
        if (type == DataType.FLOAT64) {
          source.readDouble(p.name(), at, window.asDoubleBuffer());
        } else {
          source.read(p.name(), at, window.asFloatBuffer());
        }
        target.written(p.offset() + at, count);
      }
    }
  }

  /** Forward pass that keeps what backward needs. */
  public HeldForward forward(MicroBatch batch) {
    return guarded(
        () -> {
          NDManager scope = manager.newSubManager();
          try {
            BatchInputs inputs = BatchInputs.of(scope, batch, type);
            if (options.gradientCheckpointing()) {
              NDList out = checkpointed(scope, inputs, true);
              List<Object> kept = new ArrayList<>(inputs.arguments());
              kept.add(List.copyOf(out.subList(SCORES, out.size())));
              return new HeldForward(scope, kept, scores(batch, out, null));
            }
            NDList out = call(scope, "forward", inputs.arguments(), cos, sin, leaves);
            return new HeldForward(scope, List.of(out.get(0)), scores(batch, out, null));
          } catch (RuntimeException e) {
            scope.close();
            throw e;
          }
        });
  }

  /** Scores without a graph, with top-1. */
  public BatchScores score(MicroBatch batch) {
    return guarded(
        () -> {
          try (NDManager scope = manager.newSubManager()) {
            NDList out = scoreArrays(scope, batch);
            return scores(batch, out, out.get(0).toDoubleArray());
          }
        });
  }

  /** What is held and what is only scored must have the same scores, to the bit. */
  private NDList scoreArrays(NDManager scope, MicroBatch batch) {
    BatchInputs inputs = BatchInputs.of(scope, batch, type);
    return options.gradientCheckpointing()
        ? checkpointed(scope, inputs, false)
        : call(scope, "score", inputs.arguments(), cos, sin, leaves);
  }

  private NDList checkpointed(NDManager scope, BatchInputs inputs, boolean keep) {
    NDArray flag = scope.create(keep ? 1L : 0L);
    return call(scope, "forward_checkpointed", inputs.arguments(), flag, cos, sin, leaves);
  }

  private NDList call(NDManager scope, String method, List<Object> first, Object... more) {
    List<Object> arguments = new ArrayList<>(first);
    arguments.addAll(List.of(more));
    return program.call(scope, method, arguments.toArray());
  }

  /**
   * Natural log-probabilities of the targets, in their order; for comparison with other
   * implementations.
   */
  public double[] targetLogProbs(MicroBatch batch) {
    return guarded(
        () -> {
          try (NDManager scope = manager.newSubManager()) {
            return scoreArrays(scope, batch).get(4).toDoubleArray();
          }
        });
  }

  /** All logits [length, V] of one row, row-major. */
  public double[] logits(int[] ids) {
    return guarded(
        () -> {
          try (NDManager scope = manager.newSubManager()) {
            NDArray row = scope.create(BatchInputs.widen(ids), new Shape(1, ids.length));
            NDArray out = program.call(scope, "logits", row, cos, sin, leaves).singletonOrThrow();
            return out.toType(DataType.FLOAT64, true).toDoubleArray();
          }
        });
  }

  /**
   * Gradient of {@code Σ factor_i · loss_i} of a held forward, which is closed.
   *
   * @param factors per sample, what the sample's loss is multiplied with in the batch loss
   * @param overwrite whether the gradient is written over, else added to
   */
  public void backward(HeldForward held, double[] factors, FlatBuffer gradient, boolean overwrite) {
    guarded(
        () -> {
          try (held;
              NDManager scope = manager.newSubManager()) {
            NDArray factorB = BatchInputs.number(scope, factors, new Shape(factors.length), type);
            NDArray fresh = scope.create(overwrite ? 1L : 0L);
            if (options.gradientCheckpointing()) {
              Object[] more = {factorB, fresh, gradient.array(), cos, sin, leaves};
              call(scope, "backward_checkpointed", held.kept(), more);
            } else {
              call(scope, "backward", held.kept(), factorB, fresh, gradient.array(), leaves);
            }
            return null;
          }
        });
  }

  /** Sets a buffer to zero. */
  public void clear(FlatBuffer target) {
    math.clear(manager, target.array());
  }

  /** A buffer of the layout of the parameters in the type of the wire, bfloat16. */
  public FlatBuffer newWireGradient() {
    return FlatBuffer.wire(manager, math, layout.size());
  }

  /** Every number to the nearest bfloat16, in place. */
  public void round(FlatBuffer target) {
    math.rounded(manager, target.array());
  }

  /** target = source, in the type of the target. */
  public void convert(FlatBuffer target, FlatBuffer source) {
    math.convert(manager, target.array(), source.array());
  }

  /**
   * Writes parameters {@code from} … as they came over the wire.
   *
   * @param bytes in the type of the wire, little endian
   */
  public void install(long from, int elements, ByteBuffer bytes, WireDtype wire) {
    if (wire == WireDtype.FLOAT32) {
      parameters.window(from, elements).put(bytes.duplicate());
      parameters.written(from, elements);
    } else if (elements > 0) {
      if (arrived == null) {
        arrived = newWireGradient();
      }
      arrived.window(from, elements).put(bytes.duplicate());
      try (NDManager scope = manager.newSubManager()) {
        NDArray source = math.window(scope, arrived.array(), from, elements);
        NDArray target = math.window(scope, parameters.array(), from, elements);
        math.convert(scope, target, source);
      }
    }
  }

  /** target += source. */
  public void add(FlatBuffer target, FlatBuffer source) {
    math.add(manager, target.array(), source.array());
  }

  /**
   * Samples one completion per prompt, all in one call; the composition of the batch is part of
   * what the bits depend on.
   *
   * @param prompts token ids, at least one each
   * @param uniforms numbers in [0, 1), [rows][maxNewTokens]: the only randomness
   * @return completions, with the EOS that ended them, if one did
   */
  public List<int[]> generate(List<int[]> prompts, GenerateOptions options, double[][] uniforms) {
    int longest = prompts.stream().mapToInt(p -> p.length).max().orElseThrow();
    int total = longest + options.maxNewTokens();
    if (total > maxLength()) {
      throw new IllegalArgumentException(
          "prompt of %d tokens + %d new ones exceed the engine's %d positions"
              .formatted(longest, options.maxNewTokens(), maxLength()));
    }
    return guarded(
        () -> Generation.run(manager, program, prompts, options, uniforms, cos, sin, leaves));
  }

  /**
   * One draw per row of logits, as generation makes it.
   *
   * @param logits [rows][V]
   * @param uniforms [rows], in [0, 1)
   */
  int[] sample(double[][] logits, double[] uniforms, double temperature, double topP) {
    return guarded(
        () -> {
          try (NDManager scope = manager.newSubManager()) {
            NDArray chosen =
                program
                    .call(
                        scope,
                        "sample",
                        scope.create(flatten(logits), new Shape(logits.length, logits[0].length)),
                        scope.create(uniforms),
                        scope.create(temperature),
                        scope.create(topP))
                    .singletonOrThrow();
            return Arrays.stream(chosen.toLongArray()).mapToInt(Math::toIntExact).toArray();
          }
        });
  }

  private static double[] flatten(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  /** Estimate of what one held forward keeps, bytes. */
  public long heldBytes(MicroBatch batch) {
    return HeldEstimate.elements(config, batch, options) * parameters.elementBytes();
  }

  private static BatchScores scores(MicroBatch batch, NDList out, double[] top1) {
    double[] nll = out.get(1).toDoubleArray();
    double[] dft = out.get(2).toDoubleArray();
    double[] meanP = out.get(3).toDoubleArray();
    List<SampleScore> samples = new ArrayList<>();
    for (int i = 0; i < batch.samples(); i++) {
      double hits = top1 == null ? 0 : top1[i];
      samples.add(new SampleScore(nll[i], dft[i], meanP[i], hits, batch.targetCount()[i]));
    }
    double[] entropy = out.get(5).toDoubleArray();
    double sum = 0;
    for (double h : entropy) {
      sum += h;
    }
    return new BatchScores(samples, sum, entropy.length);
  }

  /** A program that throws with grad mode off would leave it off for the whole thread. */
  private static <T> T guarded(Callable<T> call) {
    try {
      return call.call();
    } catch (RuntimeException e) {
      JniUtils.setGradMode(true);
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Frees all native memory of this engine. */
  @Override
  public void close() {
    program.close();
    math.close();
    manager.close();
  }
}

package io.akkord.actors.run;

import akka.actor.typed.ActorRef;
import io.akkord.actors.checkpoint.CheckpointReader;
import io.akkord.actors.checkpoint.Checkpointer;
import io.akkord.actors.checkpoint.Checkpoints;
import io.akkord.actors.checkpoint.FlatSource;
import io.akkord.actors.content.ContentManifest;
import io.akkord.actors.content.ContentOffers;
import io.akkord.actors.content.ContentServer;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.worker.RunSpec;
import io.akkord.config.Dtype;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.RunPlan;
import io.akkord.model.UserError;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizeOptions;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.model.layout.LoraStart;
import io.akkord.model.layout.ParameterLayout;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What a run reads before its first step: model, data and, to resume, a checkpoint. Opened by one
 * thread, then read by all.
 */
final class Inputs implements AutoCloseable {
  final HfFolder model;
  final ParameterLayout layout;
  final TokenFile train;
  final TokenFile eval;
  final TextTokenizer tokenizer;
  final RunPlan plan;
  final ContentOffers offers = new ContentOffers();
  private final Recipe recipe;
  private final ContentManifest modelFiles;
  private final ContentManifest tokenFiles;
  private RunIdentity identity;

  private Inputs(Recipe recipe, Consumer<String> notes) {
    this.recipe = recipe;
    this.model = HfFolder.open(recipe.modelNameOrPath());
    this.layout = ParameterLayout.of(model.config(), recipe.lora());
    model.require(ParameterLayout.shapes(model.config()));
    this.train = tokens(recipe.trainFile(), tokenFolder().resolve(RunSpec.TRAIN_TOKENS), notes);
    this.eval =
        recipe
            .evalFile()
            .map(f -> tokens(f, tokenFolder().resolve(RunSpec.EVAL_TOKENS), notes))
            .orElse(null);
    this.tokenizer =
        Files.exists(recipe.modelNameOrPath().resolve("tokenizer.json"))
            ? TextTokenizer.open(recipe.modelNameOrPath())
            : null;
    this.plan = RunPlan.of(recipe, train.size(), eval == null ? 0 : eval.size());
    this.modelFiles = offers.model(recipe.modelNameOrPath(), recipe.lora().isPresent());
    this.tokenFiles =
        offers.files(
            tokenFolder(),
            eval == null
                ? List.of(RunSpec.TRAIN_TOKENS)
                : List.of(RunSpec.EVAL_TOKENS, RunSpec.TRAIN_TOKENS));
  }

  static Inputs open(Recipe recipe, Consumer<String> notes) {
    return new Inputs(recipe, notes);
  }

  private TokenFile tokens(Path data, Path cache, Consumer<String> notes) {
    TokenizeOptions options =
        new TokenizeOptions(
            recipe.maxLength(), TokenizeOptions.TooLong.valueOf(recipe.tooLong().name()), true);
    return TokenFile.build(data, recipe.modelNameOrPath(), options, cache, notes);
  }

  /**
   * What other processes need to take part.
   *
   * @param server sends them the files
   */
  RunSpec spec(RunFacts facts, int workers, ActorRef<ContentServer.Command> server) {
    return new RunSpec(
        facts.runId(),
        facts.attempt(),
        recipe.toYaml(),
        modelFiles,
        tokenFiles,
        server,
        facts.slices().size(),
        workers);
  }

  private Path tokenFolder() {
    return recipe.outputDir().toAbsolutePath().resolve(".tokens");
  }

  /** Weights of the model folder, or adapters as they start; no moments. */
  SliceStore.Initial fresh() {
    boolean wide = recipe.dtype() == Dtype.FLOAT64;
    FlatSource weights =
        recipe.lora().isPresent()
            ? new AdapterSource(new LoraStart(recipe.seed(), layout), layout, wide)
            : new ModelSource(model, layout, wide);
    return new SliceStore.Initial(weights, null, null);
  }

  /** Writes what makes a folder with weights loadable: configuration and tokenizer. */
  void writeMetadata(Path target) throws IOException {
    if (recipe.lora().isPresent()) {
      AdapterFolder.writeConfig(target, recipe.lora().get(), recipe.modelNameOrPath());
      model.copyTokenizerTo(target);
    } else {
      model.copyMetadataTo(target);
    }
  }

  /** Weights and moments of a checkpoint. */
  static SliceStore.Initial resumed(RunFacts facts, CheckpointReader reader) {
    var tensors = Checkpointer.tensors(facts);
    var dtype = Checkpointer.dtype(facts);
    return new SliceStore.Initial(
        reader.weights(tensors, dtype),
        reader.firstMoment(tensors, dtype),
        reader.secondMoment(tensors, dtype));
  }

  /**
   * Where a run goes on.
   *
   * @param checkpoint empty: from the beginning
   * @param notes what differs from the run as it was begun, in words
   * @param differs whether something does
   */
  record Continued(Optional<Path> checkpoint, List<String> notes, boolean differs) {}

  /**
   * The newest whole checkpoint that belongs to this recipe, data and model.
   *
   * @param anyway what may differ
   * @throws UserError naming the keys that differ
   */
  Continued checkpoint(OutputFolder output, Set<String> anyway, Consumer<String> say) {
    ResumeCheck check = new ResumeCheck(anyway);
    RunIdentity recorded = output.identity();
    check.recipe(recipe, RecipeReader.readRecorded(output.recordedRecipe()));
    check.inputs(identity(), recorded);
    Optional<Path> folder =
        Checkpoints.newestVerified(recipe.outputDir(), say).map(Checkpoints.Checkpoint::folder);
    folder.ifPresent(path -> check.checkpoint(identity(), recorded, Checkpoints.manifest(path)));
    return new Continued(folder, check.require(recipe.outputDir()), check.differs());
  }

  /** What is read, by hash; the model is read for it once. */
  synchronized RunIdentity identity() {
    if (identity == null) {
      identity = new RunIdentity(train.sha256(), hashModel(), Set.of());
    }
    return identity;
  }

  /** Weights, configuration and tokenizer: every file that has a part in the result. */
  private Map<String, String> hashModel() {
    try (Stream<Path> files = Files.list(recipe.modelNameOrPath())) {
      Map<String, String> hashes = new TreeMap<>();
      for (Path file : files.filter(Inputs::isOfTheModel).sorted().toList()) {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
          in.transferTo(OutputStream.nullOutputStream());
        }
        hashes.put(file.getFileName().toString(), HexFormat.of().formatHex(digest.digest()));
      }
      return hashes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isOfTheModel(Path file) {
    String name = file.getFileName().toString();
    boolean text = name.endsWith(".json") || name.endsWith(".jinja") || name.endsWith(".txt");
    return Files.isRegularFile(file)
        && (name.endsWith(".safetensors") || text && !name.startsWith("."));
  }

  @Override
  public void close() {
    train.close();
    if (eval != null) {
      eval.close();
    }
    if (tokenizer != null) {
      tokenizer.close();
    }
  }
}

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
import io.akkord.proto.CheckpointManifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
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
  private String modelSha256;

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
   * The newest whole checkpoint that belongs to this recipe and data.
   *
   * @throws UserError naming the keys that differ
   */
  Optional<Path> checkpoint(OutputFolder output, Consumer<String> notes) {
    Recipe recorded = RecipeReader.readRecorded(output.recordedRecipe());
    List<String> reasons = new ArrayList<>();
    recipe.differences(recorded).forEach(difference -> reasons.add(difference.toString()));
    Optional<Path> folder =
        Checkpoints.newestVerified(recipe.outputDir(), notes).map(Checkpoints.Checkpoint::folder);
    folder.ifPresent(
        path -> {
          CheckpointManifest manifest = Checkpoints.manifest(path);
          if (!manifest.getDataSha256().equals(train.sha256())) {
            reasons.add("train_file: its contents, its tokens or max_length have changed");
          }
          if (!manifest.getModelSha256().equals(modelSha256())) {
            reasons.add("model_name_or_path: the weights have changed");
          }
        });
    if (!reasons.isEmpty()) {
      throw new UserError(
          "--resume: this is not the run in %s:%n  %s%nset these back, or choose another output_dir"
              .formatted(recipe.outputDir(), String.join(System.lineSeparator() + "  ", reasons)));
    }
    return folder;
  }

  /** SHA-256 over the weight files in the order of their names; read once. */
  synchronized String modelSha256() {
    if (modelSha256 == null) {
      modelSha256 = hashWeights();
    }
    return modelSha256;
  }

  private String hashWeights() {
    try (Stream<Path> files = Files.list(recipe.modelNameOrPath())) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList()) {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
          in.transferTo(OutputStream.nullOutputStream());
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
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

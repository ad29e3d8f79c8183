package io.akkord.actors.worker;

import io.akkord.actors.run.RunFacts;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.RunPlan;
import io.akkord.config.Settings;
import io.akkord.model.data.TokenFile;
import io.akkord.model.engine.DeviceThread;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.model.layout.ParameterLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The files of a run as one process has them open, and what follows from them.
 *
 * @param frozen the model's weights, where training leaves them as they are
 */
record HostInputs(
    RunFacts facts,
    ModelConfig model,
    Optional<HfFolder> frozen,
    TokenFile train,
    TokenFile eval,
    TextTokenizer tokenizer,
    int workersHere) {

  /**
   * Opens them; takes as long as reading the heads of the token files.
   *
   * @param folder of the model's configuration and tokenizer on this host
   * @param tokens folder of the token files on this host
   */
  static HostInputs open(RunSpec spec, Path folder, Path tokens, Settings settings) {
    Recipe recipe = RecipeReader.readCanonical(spec.recipe());
    ModelConfig model = ModelConfig.read(folder);
    TokenFile train = TokenFile.open(tokens.resolve(RunSpec.TRAIN_TOKENS));
    TokenFile eval = spec.hasEval() ? TokenFile.open(tokens.resolve(RunSpec.EVAL_TOKENS)) : null;
    RunPlan plan = RunPlan.of(recipe, train.size(), eval == null ? 0 : eval.size());
    return new HostInputs(
        RunFacts.of(
            spec.runId(),
            spec.attempt(),
            plan,
            settings,
            ParameterLayout.of(model, recipe.lora()),
            spec.parameterShards()),
        model,
        recipe.lora().map(adapters -> HfFolder.open(folder)),
        train,
        eval,
        Files.exists(folder.resolve("tokenizer.json")) ? TextTokenizer.open(folder) : null,
        spec.workersHere());
  }

  /** What computes on a device, by the name that the engine has for it. */
  EngineCompute compute(DeviceThread device, String engineDevice) {
    return new EngineCompute(
        facts,
        model,
        frozen,
        train,
        eval,
        tokenizer,
        device,
        engineDevice,
        HeldMemory.bytes(facts.plan().recipe(), workersHere));
  }

  /** Closes the files when what the device has been told so far is done. */
  void closeAfter(DeviceThread device) {
    device.submit(
        () -> {
          close();
          return null;
        });
  }

  /** Closes the files, which nobody reads. */
  void close() {
    train.close();
    if (eval != null) {
      eval.close();
    }
    if (tokenizer != null) {
      tokenizer.close();
    }
  }
}

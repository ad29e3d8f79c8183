package io.akkord.actors.worker;

import io.akkord.actors.run.RunFacts;
import io.akkord.config.Recipe;
import io.akkord.config.RecipeReader;
import io.akkord.config.RunPlan;
import io.akkord.config.Settings;
import io.akkord.model.data.TokenFile;
import io.akkord.model.engine.DeviceThread;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.model.layout.ParameterLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files of a run as one process has them open, and what follows from them. */
record HostInputs(
    RunFacts facts,
    HfFolder model,
    TokenFile train,
    TokenFile eval,
    TextTokenizer tokenizer,
    int workersHere) {

  static HostInputs open(RunSpec spec, Settings settings) {
    Recipe recipe = RecipeReader.readCanonical(spec.recipe());
    Path folder = Path.of(spec.model());
    HfFolder model = HfFolder.open(folder);
    TokenFile train = TokenFile.open(Path.of(spec.tokens()));
    TokenFile eval = spec.evalTokens() == null ? null : TokenFile.open(Path.of(spec.evalTokens()));
    RunPlan plan = RunPlan.of(recipe, train.size(), eval == null ? 0 : eval.size());
    return new HostInputs(
        RunFacts.of(
            spec.runId(),
            spec.attempt(),
            plan,
            settings,
            ParameterLayout.of(model.config()),
            spec.parameterShards()),
        model,
        train,
        eval,
        Files.exists(folder.resolve("tokenizer.json")) ? TextTokenizer.open(folder) : null,
        spec.workersHere());
  }

  EngineCompute compute(DeviceThread device) {
    return new EngineCompute(
        facts,
        model.config(),
        train,
        eval,
        tokenizer,
        device,
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

  private void close() {
    train.close();
    if (eval != null) {
      eval.close();
    }
    if (tokenizer != null) {
      tokenizer.close();
    }
  }
}

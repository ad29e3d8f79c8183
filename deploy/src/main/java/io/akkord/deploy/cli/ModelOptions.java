package io.akkord.deploy.cli;

import io.akkord.model.UserError;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizeOptions;
import io.akkord.model.engine.DeviceThread;
import io.akkord.model.engine.Engine;
import io.akkord.model.engine.EngineOptions;
import io.akkord.model.engine.SelfTest;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.ModelConfig;
import io.akkord.model.hf.TextTokenizer;
import io.akkord.model.objective.LossType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** Options of the commands that load one model, and the loaded model. */
final class ModelOptions {
  /** One native call of these commands is a batch or a whole generation. */
  private static final long CALL_DEADLINE_MINUTES = 30;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description =
          "Hugging Face folder (config.json, model.safetensors, tokenizer.json), or a LoRA adapter (adapter_config.json, adapter_model.safetensors), which names its model's folder")
  private Path folder;

  @Option(
      names = "--device",
      defaultValue = "cpu",
      description = "cpu or cuda:N (default: ${DEFAULT-VALUE})")
  private String device;

  @Option(
      names = "--dtype",
      defaultValue = "float32",
      description = "float32, bfloat16 or float64 (default: ${DEFAULT-VALUE})")
  private String dtype;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "native threads (default: the number of cores)")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--max-length",
      paramLabel = "TOKENS",
      description = "longest sequence (default: the model's own limit, at most 2048)")
  private Integer maxLength;

  /** Loads model and tokenizer. */
  Opened open() {
    Optional<AdapterFolder> adapter =
        AdapterFolder.isAdapter(folder)
            ? Optional.of(AdapterFolder.open(folder))
            : Optional.empty();
    Path whole = adapter.map(AdapterFolder::base).orElse(folder);
    HfFolder hf = HfFolder.open(whole);
    ModelConfig config = hf.config();
    int length = maxLength != null ? maxLength : Math.min(2048, config.maxPositionEmbeddings());
    EngineOptions options =
        new EngineOptions(
            device, dtype, threads, LossType.DFT, length, false, adapter.map(AdapterFolder::lora));
    DeviceThread thread = DeviceThread.start("device-" + device, threads);
    Engine engine =
        await(
            thread,
            () -> {
              SelfTest.run(device, threads);
              Engine opened = Engine.open(config, options);
              opened.load(hf);
              adapter.ifPresent(opened::load);
              return opened;
            });
    return new Opened(whole, config, thread, engine);
  }

  private static <T> T await(DeviceThread thread, java.util.concurrent.Callable<T> job) {
    try {
      return thread.submit(job).toCompletableFuture().get(CALL_DEADLINE_MINUTES, TimeUnit.MINUTES);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      throw new UserError(
          "one call to the engine took longer than %d minutes".formatted(CALL_DEADLINE_MINUTES), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted while waiting for the engine", e);
    }
  }

  /** A model on its device thread. */
  record Opened(Path folder, ModelConfig config, DeviceThread thread, Engine engine)
      implements AutoCloseable {

    <T> T onDevice(Function<Engine, T> job) {
      return await(thread, () -> job.apply(engine));
    }

    TextTokenizer tokenizer() {
      return TextTokenizer.open(folder);
    }

    /** The data file's tokens, in a cache that is removed at exit. */
    TokenFile tokenize(Path data, Consumer<String> notes) throws IOException {
      Path cache = Files.createTempFile("akkord-", ".tokens");
      Files.delete(cache);
      cache.toFile().deleteOnExit();
      TokenizeOptions options =
          new TokenizeOptions(engine.maxLength(), TokenizeOptions.TooLong.ERROR, true);
      return TokenFile.build(data, folder, options, cache, notes);
    }

    @Override
    public void close() {
      await(
          thread,
          () -> {
            engine.close();
            return null;
          });
      thread.close();
    }
  }
}

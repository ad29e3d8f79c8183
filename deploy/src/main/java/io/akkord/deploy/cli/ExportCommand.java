package io.akkord.deploy.cli;

import io.akkord.model.UserError;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.MergedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes a whole model of a LoRA adapter and its base. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description =
        "Merges a LoRA adapter into its base: writes a whole Hugging Face folder, weights in float32.")
final class ExportCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "adapter folder: adapter_config.json, adapter_model.safetensors")
  private Path folder;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description = "folder to make; must not exist")
  private Path output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (!AdapterFolder.isAdapter(folder)) {
      throw new UserError(
          "--model %s holds no adapter_config.json; what train writes without lora is a whole model already"
              .formatted(folder));
    }
    if (Files.exists(output)) {
      throw new UserError(
          "--output %s is there already; choose another folder, or move it away".formatted(output));
    }
    AdapterFolder adapter = AdapterFolder.open(folder);
    MergedModel merged = new MergedModel(adapter);
    Path part = output.toAbsolutePath().resolveSibling(output.getFileName() + ".part");
    try {
      Files.createDirectories(part);
      merged.writeTo(part);
      Files.move(part, output, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      remove(part);
      throw new UserError(
          "--output %s cannot be written (%s): about %d MB are needed; make room, mend the permissions, or choose another folder"
              .formatted(output, e, merged.bytes() >> 20),
          e);
    }
    spec.commandLine().getOut().printf("%s: %s merged into %s%n", output, folder, adapter.base());
    return 0;
  }

  private static void remove(Path part) {
    try (Stream<Path> entries = Files.walk(part)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(entry);
      }
    } catch (IOException e) {
      // nothing was made, or it cannot be removed for the reason that is told anyhow
    }
  }
}

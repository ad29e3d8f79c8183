package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.RunFixture;
import io.akkord.actors.disk.Durable;
import io.akkord.config.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What makes a folder a run's, and what a run leaves, survives a power loss. */
class OutputFolderTest {
  @TempDir Path folder;
  private final List<String> forced = new ArrayList<>();

  private final Durable disk =
      new Durable(
          path -> {
            forced.add(path.getFileName().toString());
            Durable.force(path);
          });

  private Recipe recipe() {
    return RunFixture.in(folder).facts().plan().recipe();
  }

  @Test
  void theIdentityIsForcedLastSoThatAFolderWithOneIsWhole() {
    OutputFolder.create(recipe(), disk);
    assertThat(forced).containsExactly("effective-recipe.yaml.part", "run", "run.json.part", "run");
  }

  @Test
  void theFinalModelIsForcedAndTheStateOfTheOptimizerStaysBehind() throws IOException {
    OutputFolder output = OutputFolder.create(recipe(), disk);
    forced.clear();
    Path checkpoint = Files.createDirectory(folder.resolve("run/checkpoint-2"));
    Files.writeString(checkpoint.resolve("model.safetensors"), "weights");
    Files.writeString(checkpoint.resolve("optimizer.safetensors"), "moments");
    output.publish(checkpoint);
    assertThat(forced).containsExactly("model.safetensors.part", "run");
    assertThat(folder.resolve("run/model.safetensors")).hasContent("weights");
    assertThat(folder.resolve("run/optimizer.safetensors")).doesNotExist();
  }
}

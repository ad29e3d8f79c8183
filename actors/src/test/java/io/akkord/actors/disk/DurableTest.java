package io.akkord.actors.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableTest {
  @TempDir Path folder;

  @Test
  void theFileIsForcedBeforeItHasItsNameAndTheNameAfterwards() throws IOException {
    Path file = Files.writeString(folder.resolve("run.json"), "old");
    List<String> forced = new ArrayList<>();
    Durable disk =
        new Durable(
            path ->
                forced.add(
                    folder.relativize(path)
                        + ": "
                        + (Files.isDirectory(path) ? "" : Files.readString(path) + ", ")
                        + Files.readString(file)));
    disk.replace(file, part -> Files.writeString(part, "new"));
    assertThat(forced).containsExactly("run.json.part: new, old", ": new");
    assertThat(folder.toFile().list()).containsExactly("run.json");
  }

  @Test
  void whatCannotBeForcedReplacesNothing() throws IOException {
    Path file = Files.writeString(folder.resolve("run.json"), "old");
    Durable full =
        new Durable(
            path -> {
              throw new IOException("No space left on device");
            });
    assertThatThrownBy(() -> full.replace(file, part -> Files.writeString(part, "new")))
        .isInstanceOf(IOException.class);
    assertThat(file).hasContent("old");
  }

  @Test
  void theRealDiskForcesFilesAndFolders() throws IOException {
    Path file = folder.resolve("run.json");
    Durable.real().replace(file, part -> Files.writeString(part, "new"));
    assertThat(file).hasContent("new");
    assertThatThrownBy(() -> Durable.force(folder.resolve("gone"))).isInstanceOf(IOException.class);
  }
}

package io.akkord.actors.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretFilesTest {
  @TempDir Path folder;

  @Test
  void aSecretIsForItsOwnerAndNothingElseIsLeftBehind() throws IOException {
    Path file = folder.resolve("secret");

    SecretFiles.writeSecret(file, "text");

    assertThat(Modes.of(file)).isEqualTo("rw-------");
    assertThat(file).hasContent("text");
    assertThat(names()).containsExactly("secret");
  }

  @Test
  void whatIsThereIsNeverWrittenOver() throws IOException {
    Path file = Files.writeString(folder.resolve("secret"), "old");

    assertThatThrownBy(() -> SecretFiles.writeSecret(file, "new"))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(file).hasContent("old");
    assertThat(names()).containsExactly("secret");
  }

  @Test
  void atNoMomentIsAFileThereThatOthersCanReadOrThatIsNotWhole() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    AtomicBoolean bad = new AtomicBoolean();
    Thread watcher =
        new Thread(
            () -> {
              while (!done.get()) {
                try (Stream<Path> files = Files.list(folder)) {
                  for (Path file : files.toList()) {
                    boolean open = !Modes.of(file).equals("rw-------");
                    boolean named = !file.getFileName().toString().startsWith(".");
                    if (open || (named && Files.size(file) != 100_000)) {
                      bad.set(true);
                    }
                  }
                } catch (IOException e) {
                  // the part file has got its name between the two looks
                }
              }
            });
    watcher.start();
    for (int i = 0; i < 50; i++) {
      SecretFiles.writeSecret(folder.resolve("secret" + i), "x".repeat(100_000));
    }
    done.set(true);
    watcher.join();
    assertThat(bad).isFalse();
    assertThat(names()).hasSize(50);
  }

  @ParameterizedTest
  @CsvSource({
    "rw-------, me,   true",
    "r--------, me,   true",
    "rw-r-----, me,   false",
    "rw----r--, me,   false",
    "rw-----w-, me,   false",
    "r--r-----, root, true",
    "rw-rw----, root, false",
    "r--r--r--, root, false",
  })
  void onlyAFileOfRootMayBeReadByItsGroup(String mode, String owner, boolean allowed) {
    assertThat(SecretFiles.isPrivate(PosixFilePermissions.fromString(mode), owner, "me"))
        .isEqualTo(allowed);
  }

  @Test
  void rootItselfHasNoReasonToLetItsGroupRead() {
    assertThat(SecretFiles.isPrivate(PosixFilePermissions.fromString("r--r-----"), "root", "root"))
        .isFalse();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}

package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenTest {
  private static final int BITS = 192;

  @TempDir private Path folder;

  @Test
  void isRandomAndLongEnoughThatNobodyGuessesIt() {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      String text = Token.random().reveal();
      assertThat(text).matches("[0-9a-f]{" + BITS / 4 + "}");
      assertThat(seen.add(text)).isTrue();
    }
  }

  @Test
  void isWrittenForItsOwnerAloneAlsoOverAFileThatOthersCouldRead() throws IOException {
    Path file = Files.writeString(folder.resolve("token"), "old");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Token token = Token.random();
    token.write(file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(Files.readString(file).strip()).isEqualTo(token.reveal());
    try (var files = Files.list(folder)) {
      assertThat(files).as("nothing else is left").containsExactly(file);
    }
  }

  @Test
  void saysWhereItCouldNotBeWritten() {
    Path nowhere = folder.resolve("no/such/folder/token");
    assertThatThrownBy(() -> Token.random().write(nowhere))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(nowhere.toString());
  }

  @Test
  void neverTellsItselfInText() {
    Token token = Token.random();
    assertThat(token.toString()).doesNotContain(token.reveal());
    assertThat("%s".formatted(token)).doesNotContain(token.reveal());
  }

  /** What is compared byte by byte until one differs tells how many are right. */
  @Test
  void isComparedInATimeThatTellsNothing() throws IOException {
    Token token = Token.of("a".repeat(1 << 20));
    String firstWrong = "b" + "a".repeat((1 << 20) - 1);
    String lastWrong = "a".repeat((1 << 20) - 1) + "b";
    long early = Long.MAX_VALUE;
    long late = Long.MAX_VALUE;
    for (int i = 0; i < 30; i++) {
      early = Math.min(early, nanos(token, firstWrong));
      late = Math.min(late, nanos(token, lastWrong));
    }
    // An early end would make it a hundred times shorter.
    assertThat((double) early / late).isGreaterThan(0.3);
  }

  private static long nanos(Token token, String text) {
    long start = System.nanoTime();
    assertThat(token.matches(text)).isFalse();
    return System.nanoTime() - start;
  }
}

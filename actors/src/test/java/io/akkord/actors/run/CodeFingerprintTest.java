package io.akkord.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.proto.CheckpointManifest;
import org.junit.jupiter.api.Test;

class CodeFingerprintTest {
  private static CheckpointManifest.Code code(String version, String sha256) {
    return CheckpointManifest.Code.newBuilder().setVersion(version).setSha256(sha256).build();
  }

  @Test
  void thisCodeHasOneHashAndIsNoOther() {
    CheckpointManifest.Code here = CodeFingerprint.here();
    assertThat(here.getSha256()).matches("[0-9a-f]{64}");
    assertThat(here.getVersion()).isNotEmpty();
    assertThat(CodeFingerprint.difference(here, here)).isEmpty();
  }

  @Test
  void aCheckpointOfOtherCodeIsRemarkedOnWithBothAndOneThatDoesNotSayIsNot() {
    CheckpointManifest.Code old = code("0.1", "aaaaaaaaaaaaaaaaaaaa");
    CheckpointManifest.Code now = code("0.2", "bbbbbbbbbbbbbbbbbbbb");
    assertThat(CodeFingerprint.difference(old, now).orElseThrow())
        .contains("0.1, aaaaaaaaaaaa)", "0.2, bbbbbbbbbbbb)");
    assertThat(CodeFingerprint.difference(CheckpointManifest.Code.getDefaultInstance(), now))
        .isEmpty();
  }
}

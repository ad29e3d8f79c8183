package io.akkord.actors.checkpoint;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.akkord.proto.CheckpointManifest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** {@code manifest.pb} and its hashes. */
final class Manifests {
  /** The format this build writes and the only one it reads. */
  static final int FORMAT = 1;

  static final String FILE = "manifest.pb";
  static final String JSON_FILE = "manifest.json";

  private Manifests() {}

  static CheckpointManifest seal(CheckpointManifest.Builder manifest) {
    byte[] bytes = manifest.clearSelfSha256().build().toByteArray();
    return manifest.setSelfSha256(ByteString.copyFrom(sha256().digest(bytes))).build();
  }

  /** Reads the manifest of a folder. */
  static CheckpointManifest read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    CheckpointManifest manifest;
    try {
      manifest = CheckpointManifest.parseFrom(Files.readAllBytes(file));
    } catch (InvalidProtocolBufferException e) {
      throw new IOException(file + ": not a manifest (" + e.getMessage() + ")", e);
    }
    if (manifest.getFormat() > FORMAT) {
      throw new IOException(
          file + ": format " + manifest.getFormat() + ", this build reads " + FORMAT);
    }
    if (!seal(manifest.toBuilder()).getSelfSha256().equals(manifest.getSelfSha256())) {
      throw new IOException(file + ": damaged, its own hash does not match");
    }
    return manifest;
  }

  static String json(CheckpointManifest manifest) {
    try {
      return JsonFormat.printer().preservingProtoFieldNames().print(manifest) + "\n";
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a manifest holds no Any, so JSON can hold it", e);
    }
  }

  /** SHA-256 of a file, in hex. */
  static String sha256(Path file) throws IOException {
    MessageDigest sha = sha256();
    byte[] buffer = new byte[1 << 20];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        sha.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

package io.akkord.actors.run;

import io.akkord.config.Recipe;
import io.akkord.model.hf.HfFolder;
import io.akkord.proto.CheckpointManifest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/** Which code this is: a hash over the classes that decide and compute, wherever they lie. */
final class CodeFingerprint {
  private static final List<Class<?>> ANCHORS =
      List.of(HfFolder.class, Recipe.class, CheckpointManifest.class, CodeFingerprint.class);

  private static final List<String> PACKAGES =
      List.of("io/akkord/model/", "io/akkord/config/", "io/akkord/proto/", "io/akkord/actors/");

  private static final int SHORT = 12;

  private CodeFingerprint() {}

  /** Computed once a process. */
  private static final class Here {
    static final CheckpointManifest.Code CODE = read();
  }

  /** The code of this process. */
  static CheckpointManifest.Code here() {
    return Here.CODE;
  }

  /** What a person should know when a checkpoint of that code is continued by this one. */
  static Optional<String> difference(CheckpointManifest.Code then, CheckpointManifest.Code now) {
    if (then.getSha256().isEmpty() || then.getSha256().equals(now.getSha256())) {
      return Optional.empty();
    }
    return Optional.of(
        "the checkpoint was written by other code (%s) than this (%s): the last bits may differ from a run that was never interrupted"
            .formatted(text(then), text(now)));
  }

  private static String text(CheckpointManifest.Code code) {
    String sha = code.getSha256();
    return code.getVersion() + ", " + sha.substring(0, Math.min(SHORT, sha.length()));
  }

  private static CheckpointManifest.Code read() {
    String version = CodeFingerprint.class.getPackage().getImplementationVersion();
    return CheckpointManifest.Code.newBuilder()
        .setVersion(version == null ? "not packaged" : version)
        .setSha256(sha256())
        .build();
  }

  private static String sha256() {
    try {
      Map<String, byte[]> hashes = new TreeMap<>();
      List<Path> places =
          ANCHORS.stream().map(CodeFingerprint::placeOf).sorted().distinct().toList();
      for (Path place : places) {
        if (Files.isDirectory(place)) {
          ofFolder(place, hashes);
        } else {
          ofJar(place, hashes);
        }
      }
      MessageDigest all = MessageDigest.getInstance("SHA-256");
      hashes.forEach(
          (name, hash) -> {
            all.update(name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            all.update(hash);
          });
      return HexFormat.of().formatHex(all.digest());
    } catch (IOException e) {
      // Nobody is refused for want of it.
      return "unknown: " + e;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static Path placeOf(Class<?> anchor) {
    try {
      return Path.of(anchor.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the place of a class is a URI", e);
    }
  }

  private static void ofFolder(Path folder, Map<String, byte[]> hashes)
      throws IOException, NoSuchAlgorithmException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        if (isOurs(name)) {
          hashes.put(name, hash(Files.readAllBytes(file)));
        }
      }
    }
  }

  private static void ofJar(Path place, Map<String, byte[]> hashes)
      throws IOException, NoSuchAlgorithmException {
    try (JarFile jar = new JarFile(place.toFile())) {
      for (JarEntry entry : jar.stream().filter(e -> isOurs(e.getName())).toList()) {
        try (InputStream in = jar.getInputStream(entry)) {
          hashes.put(entry.getName(), hash(in.readAllBytes()));
        }
      }
    }
  }

  private static boolean isOurs(String name) {
    return name.endsWith(".class") && PACKAGES.stream().anyMatch(name::startsWith);
  }

  private static byte[] hash(byte[] bytes) throws NoSuchAlgorithmException {
    return MessageDigest.getInstance("SHA-256").digest(bytes);
  }
}

package io.akkord.deploy.bench;

import io.akkord.actors.bulk.netty.Settings;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManagerFactory;

/** Mutual TLS with a certificate of the moment. */
final class BenchTls {
  private BenchTls() {}

  static Settings add(Settings settings) throws Exception {
    Path directory = Files.createTempDirectory("akkord-bench");
    Path file = directory.resolve("bench.p12");
    String password = Long.toHexString(Double.doubleToLongBits(Math.random()));
    try {
      generate(file, password);
      KeyStore store = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(file)) {
        store.load(in, password.toCharArray());
      }
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, password.toCharArray());
      X509Certificate trusted = (X509Certificate) store.getCertificate("bench");
      return settings.withTls(
          SslContextBuilder.forServer(keys)
              .trustManager(trusted)
              .clientAuth(ClientAuth.REQUIRE)
              .build(),
          SslContextBuilder.forClient().keyManager(keys).trustManager(trusted).build());
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  private static void generate(Path file, String password) throws Exception {
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    Process process =
        new ProcessBuilder(
                keytool,
                "-genkeypair",
                "-alias",
                "bench",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=bench",
                "-ext",
                "san=ip:127.0.0.1",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-storepass",
                password,
                "-keystore",
                file.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (process.waitFor() != 0) {
      throw new IOException(keytool + " ended with " + process.exitValue());
    }
  }
}

package io.akkord.actors.bulk.netty;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;

/** A certificate that trusts itself, made by keytool. */
record TestTls(SslContext server, SslContext client) {

  static TestTls create(Path directory) throws Exception {
    Path file = directory.resolve("bulk.p12");
    char[] password = "changeit".toCharArray();
    if (!Files.exists(file)) {
      Process keytool =
          new ProcessBuilder(
                  List.of(
                      Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                      "-genkeypair",
                      "-alias",
                      "bulk",
                      "-keyalg",
                      "EC",
                      "-groupname",
                      "secp256r1",
                      "-dname",
                      "CN=bulk",
                      "-ext",
                      "san=ip:127.0.0.1",
                      "-validity",
                      "2",
                      "-storetype",
                      "PKCS12",
                      "-storepass",
                      "changeit",
                      "-keystore",
                      file.toString()))
              .inheritIO()
              .start();
      if (keytool.waitFor() != 0) {
        throw new AssertionError("keytool failed");
      }
    }
    KeyStore store = store(directory);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("bulk", store.getCertificate("bulk"));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, password);
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    return new TestTls(
        SslContextBuilder.forServer(keys)
            .trustManager(trust)
            .clientAuth(ClientAuth.REQUIRE)
            .build(),
        SslContextBuilder.forClient().keyManager(keys).trustManager(trust).build());
  }

  private static KeyStore store(Path directory) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(directory.resolve("bulk.p12"))) {
      store.load(in, "changeit".toCharArray());
    }
    return store;
  }

  /** Trusts the server but has no certificate of its own. */
  static SslContext stranger(Path directory) throws Exception {
    return SslContextBuilder.forClient().trustManager(certificate(directory)).build();
  }

  /** Trusts the server and shows it a certificate that somebody else has signed. */
  static SslContext forged(Path directory, Path other) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store(other), "changeit".toCharArray());
    return SslContextBuilder.forClient()
        .keyManager(keys)
        .trustManager(certificate(directory))
        .build();
  }

  private static X509Certificate certificate(Path directory) throws Exception {
    return (X509Certificate) store(directory).getCertificate("bulk");
  }
}

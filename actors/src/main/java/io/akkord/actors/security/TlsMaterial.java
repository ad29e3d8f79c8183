package io.akkord.actors.security;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;

/**
 * What a node proves itself with and knows others by, checked once at the start. Both ends of every
 * connection show a certificate that the cluster's authority has signed; which host it names is not
 * compared, so whoever has a node's key is the cluster's.
 */
public final class TlsMaterial {
  /** Of the connections made from {@link #sslContext()}. */
  public static final String PROTOCOL = "TLSv1.3";

  /** Artery's provider is written for 1.2, where a refused client learns it in the handshake. */
  private static final String ARTERY_PROTOCOL = "TLSv1.2";

  private static final List<String> ARTERY_CIPHERS =
      List.of("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  private static final String SSL = "akka.remote.artery.ssl.";
  private static final String ENGINE = SSL + "rotating-keys-engine.";
  private static final String REMEDY =
      "Make it with: akkord certs init DIR, or copy the folder that `akkord certs node` made for this machine.";

  private final Path folder;
  private final Instant notAfter;
  private final SSLContext context;

  private TlsMaterial(Path folder, Instant notAfter, SSLContext context) {
    this.folder = folder;
    this.notAfter = notAfter;
    this.context = context;
  }

  /**
   * The material that the settings {@code akkord.tls} name; empty when TLS is off.
   *
   * @throws UserError naming the file or key that is wrong and what to do
   */
  public static Optional<TlsMaterial> of(Config config) {
    String directory;
    try {
      if (!config.getBoolean("akkord.tls.enabled")) {
        return Optional.empty();
      }
      directory = config.getString("akkord.tls.directory");
    } catch (ConfigException e) {
      throw new UserError(
          "akkord.tls: %s. Allowed: enabled = on or off, directory = a folder as text"
              .formatted(e.getMessage()),
          e);
    }
    if (directory.isBlank()) {
      throw new UserError(
          "akkord.tls.enabled is on and akkord.tls.directory is empty: set it to the folder with ca.pem, node.pem and node-key.pem. "
              + REMEDY);
    }
    return Optional.of(load(UserPath.of(directory), Clock.systemUTC()));
  }

  /**
   * The material in a folder.
   *
   * @throws UserError naming the file that is wrong and what to do
   */
  public static TlsMaterial load(Path folder, Clock clock) {
    if (!Files.isDirectory(folder)) {
      throw new UserError("%s: there is no such folder. %s".formatted(folder, REMEDY));
    }
    Path caFile = folder.resolve(Certificates.CA);
    Path nodeFile = folder.resolve(Certificates.NODE);
    Path keyFile = folder.resolve(Certificates.NODE_KEY);
    X509Certificate ca = Pem.certificate(caFile, REMEDY);
    X509Certificate node = Pem.certificate(nodeFile, REMEDY);
    PrivateKey key = Pem.key(keyFile, node, nodeFile, REMEDY);
    if (!key.getAlgorithm().equals("RSA")) {
      throw new UserError(
          "%s: this key is %s; Artery reads only RSA keys. %s"
              .formatted(keyFile, key.getAlgorithm(), REMEDY));
    }
    Certificates.requireValid(caFile, ca, clock.instant());
    Certificates.requireValid(nodeFile, node, clock.instant());
    try {
      node.verify(ca.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw new UserError(
          "%s: this certificate was not signed by the authority in %s. %s"
              .formatted(nodeFile, caFile, REMEDY),
          e);
    }
    Instant caEnd = ca.getNotAfter().toInstant();
    Instant nodeEnd = node.getNotAfter().toInstant();
    return new TlsMaterial(
        folder.toAbsolutePath().normalize(),
        nodeEnd.isBefore(caEnd) ? nodeEnd : caEnd,
        context(ca, node, key));
  }

  private static SSLContext context(X509Certificate ca, X509Certificate node, PrivateKey key) {
    char[] inMemory = new char[0];
    try {
      KeyStore own = KeyStore.getInstance("PKCS12");
      own.load(null, inMemory);
      own.setKeyEntry("node", key, inMemory, new Certificate[] {node, ca});
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(own, inMemory);
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, inMemory);
      trusted.setCertificateEntry("ca", ca);
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("no TLS from checked certificates", e);
    }
  }

  /**
   * The settings that make Artery speak TLS with both sides authenticated; to be put over the rest.
   */
  public Config artery() {
    return ConfigFactory.parseMap(
        Map.of(
            "akka.remote.artery.transport",
            "tls-tcp",
            SSL + "ssl-engine-provider",
            "akka.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider",
            ENGINE + "key-file",
            folder.resolve(Certificates.NODE_KEY).toString(),
            ENGINE + "cert-file",
            folder.resolve(Certificates.NODE).toString(),
            ENGINE + "ca-cert-file",
            folder.resolve(Certificates.CA).toString(),
            ENGINE + "protocol",
            ARTERY_PROTOCOL,
            ENGINE + "enabled-algorithms",
            ARTERY_CIPHERS),
        "akkord.tls.directory " + folder);
  }

  /**
   * Knows the node's own key and trusts the cluster's authority alone. A server made from it must
   * demand the client's certificate; {@link #serverEngine()} does.
   */
  public SSLContext sslContext() {
    return context;
  }

  /** The accepting end of a connection; refuses clients without a certificate of the cluster. */
  public SSLEngine serverEngine() {
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(false);
    engine.setNeedClientAuth(true);
    engine.setEnabledProtocols(new String[] {PROTOCOL});
    return engine;
  }

  /**
   * The connecting end. In TLS 1.3 its handshake is over before the server has judged it: a refusal
   * shows at the first read.
   */
  public SSLEngine clientEngine() {
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(true);
    engine.setEnabledProtocols(new String[] {PROTOCOL});
    return engine;
  }

  /** When the first of the certificates expires. */
  public Instant notAfter() {
    return notAfter;
  }
}

package io.akkord.actors.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both ends of a connection in memory: what one wraps, the other unwraps. */
class TlsEnginesTest {
  private static final int MOST_ROUNDS = 100;

  @TempDir static Path folder;

  private static TlsMaterial ours;
  private static TlsMaterial second;
  private static TlsMaterial theirs;

  @BeforeAll
  static void makes() {
    Certificates certificates = new Certificates(folder.resolve("ours"), Clock.systemUTC());
    certificates.init(List.of("localhost"));
    ours = TlsMaterial.load(folder.resolve("ours"), Clock.systemUTC());
    Path node = certificates.node("second", List.of("second.example"));
    second = TlsMaterial.load(node, Clock.systemUTC());
    new Certificates(folder.resolve("theirs"), Clock.systemUTC()).init(List.of("localhost"));
    theirs = TlsMaterial.load(folder.resolve("theirs"), Clock.systemUTC());
  }

  @Test
  void nodesOfOneAuthorityKnowEachOther() throws SSLException {
    SSLEngine server = ours.serverEngine();
    SSLEngine client = second.clientEngine();

    String received = talk(client, server, "hello");

    assertThat(received).isEqualTo("hello");
    assertThat(server.getSession().getProtocol()).isEqualTo("TLSv1.3");
    assertThat(server.getSession().getPeerPrincipal().getName()).isEqualTo("CN=second");
    assertThat(client.getSession().getPeerPrincipal().getName()).isEqualTo("CN=node");
  }

  @Test
  void aClientRefusesAServerOfAnotherAuthority() {
    assertThatThrownBy(() -> talk(theirs.clientEngine(), ours.serverEngine(), "hello"))
        .isInstanceOf(SSLHandshakeException.class)
        .hasMessageContaining("PKIX path building failed");
  }

  @Test
  void aServerRefusesAClientOfAnotherAuthorityThatTrustsEverybody() throws Exception {
    SSLContext careless = SSLContext.getInstance("TLS");
    careless.init(keys(folder.resolve("theirs")), new TrustManager[] {new Everybody()}, null);
    SSLEngine client = careless.createSSLEngine();
    client.setUseClientMode(true);

    assertThatThrownBy(() -> talk(client, ours.serverEngine(), "hello"))
        .isInstanceOf(SSLHandshakeException.class)
        .hasMessageContaining("PKIX path");
  }

  @Test
  void aServerRefusesAClientWithoutACertificate() throws Exception {
    SSLContext careless = SSLContext.getInstance("TLS");
    careless.init(null, new TrustManager[] {new Everybody()}, null);
    SSLEngine client = careless.createSSLEngine();
    client.setUseClientMode(true);

    assertThatThrownBy(() -> talk(client, ours.serverEngine(), "hello"))
        .isInstanceOf(SSLHandshakeException.class)
        .hasMessageContaining("Empty client certificate chain");
  }

  private static KeyManager[] keys(Path from) throws Exception {
    X509Certificate node = Pem.certificate(from.resolve("node.pem"), "");
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, new char[0]);
    store.setKeyEntry(
        "node",
        Pem.key(from.resolve("node-key.pem"), node, from, ""),
        new char[0],
        new X509Certificate[] {node});
    var factory = KeyManagerFactory.getInstance("PKIX");
    factory.init(store, new char[0]);
    // A client offers only what the server's authorities have signed; this one pushes its own.
    var keys = (X509KeyManager) factory.getKeyManagers()[0];
    return new KeyManager[] {new Pushing(keys)};
  }

  /** What the server has read of the client's text once both handshakes are over. */
  private static String talk(SSLEngine client, SSLEngine server, String text) throws SSLException {
    ByteBuffer toServer = ByteBuffer.allocate(1 << 16);
    ByteBuffer toClient = ByteBuffer.allocate(1 << 16);
    ByteBuffer received = ByteBuffer.allocate(1 << 16);
    ByteBuffer nothing = ByteBuffer.allocate(0);
    ByteBuffer sent = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    for (int round = 0; round < MOST_ROUNDS && received.position() < text.length(); round++) {
      write(client, sent, toServer);
      read(server, toServer, received);
      write(server, nothing, toClient);
      read(client, toClient, ByteBuffer.allocate(1 << 16));
    }
    return new String(received.array(), 0, received.position(), StandardCharsets.UTF_8);
  }

  private static void write(SSLEngine engine, ByteBuffer from, ByteBuffer to) throws SSLException {
    SSLEngineResult result;
    do {
      result = engine.wrap(from, to);
      runTasks(engine);
    } while (result.bytesProduced() > 0);
  }

  private static void read(SSLEngine engine, ByteBuffer from, ByteBuffer to) throws SSLException {
    from.flip();
    SSLEngineResult result;
    do {
      result = engine.unwrap(from, to);
      runTasks(engine);
    } while (result.bytesConsumed() > 0 && from.hasRemaining());
    from.compact();
  }

  private static void runTasks(SSLEngine engine) {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private static final class Everybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private static final class Pushing extends X509ExtendedKeyManager {
    private final X509KeyManager keys;

    Pushing(X509KeyManager keys) {
      this.keys = keys;
    }

    private String any(String type) {
      String[] names = keys.getClientAliases(type, null);
      return names == null ? null : names[0];
    }

    @Override
    public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
      return any("RSA");
    }

    @Override
    public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
      return any("RSA");
    }

    @Override
    public String[] getClientAliases(String type, Principal[] issuers) {
      return keys.getClientAliases(type, null);
    }

    @Override
    public String[] getServerAliases(String type, Principal[] issuers) {
      return null;
    }

    @Override
    public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
      return null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return keys.getCertificateChain(alias);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return keys.getPrivateKey(alias);
    }
  }
}

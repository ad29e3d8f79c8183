package io.akkord.actors.security;

import akka.actor.ActorSystem;
import akka.remote.artery.tcp.SSLEngineProvider;
import akka.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.Map;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import scala.Option;

/**
 * Who may talk to Artery's port: with TLS, who has a certificate of the cluster's authority;
 * without, who has the cluster's token. Akka makes one of these by its name.
 */
public final class ArteryEngines implements SSLEngineProvider {
  private static final String SSL = "akka.remote.artery.ssl.";
  private static final String FRAMES = "akka.remote.artery.advanced.";
  private static final String TOKEN_HASH = "akkord.artery.token-hash";

  private final SSLEngineProvider tls;
  private final String tokenHash;
  private final int mostBytes;

  /** Of a system whose settings are those of {@link TlsMaterial#artery} or {@link #plain}. */
  public ArteryEngines(ActorSystem system) {
    Config config = system.settings().config();
    this.mostBytes =
        (int)
            Math.max(
                config.getBytes(FRAMES + "maximum-frame-size"),
                config.getBytes(FRAMES + "maximum-large-frame-size"));
    boolean plain = config.hasPath(TOKEN_HASH);
    this.tokenHash = plain ? config.getString(TOKEN_HASH) : null;
    this.tls = plain ? null : new RotatingKeysSSLEngineProvider(system);
  }

  /** Settings of a node without TLS, to be put over the rest. */
  public static Config plain(String token) {
    return ConfigFactory.parseMap(
        Map.of(
            "akka.remote.artery.transport",
            "tls-tcp",
            SSL + "ssl-engine-provider",
            ArteryEngines.class.getName(),
            TOKEN_HASH,
            ClusterToken.fingerprint(token)),
        "the cluster token");
  }

  @Override
  public SSLEngine createServerSSLEngine(String hostname, int port) {
    return new GuardedEngine(
        tls == null
            ? HelloEngine.of(false, tokenHash)
            : tls.createServerSSLEngine(hostname, port),
        mostBytes);
  }

  @Override
  public SSLEngine createClientSSLEngine(String hostname, int port) {
    return tls == null
        ? HelloEngine.of(true, tokenHash)
        : tls.createClientSSLEngine(hostname, port);
  }

  @Override
  public Option<Throwable> verifyClientSession(String hostname, SSLSession session) {
    return tls == null ? Option.empty() : tls.verifyClientSession(hostname, session);
  }

  @Override
  public Option<Throwable> verifyServerSession(String hostname, SSLSession session) {
    return tls == null ? Option.empty() : tls.verifyServerSession(hostname, session);
  }
}

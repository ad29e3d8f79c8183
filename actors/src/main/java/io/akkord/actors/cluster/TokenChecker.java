package io.akkord.actors.cluster;

import akka.cluster.ConfigValidation;
import akka.cluster.JoinConfigCompatChecker;
import com.typesafe.config.Config;
import io.akkord.actors.security.ClusterToken;
import java.util.List;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Who joins has the cluster's token: both sides compare a hash of it before the newcomer is let in.
 * The secret itself never goes over the wire. Akka finds this class by its name.
 */
public final class TokenChecker extends JoinConfigCompatChecker {
  static final String KEY = "akkord.cluster.token-hash";

  @Override
  public Seq<String> requiredKeys() {
    return CollectionConverters.asScala(List.of(KEY)).toSeq();
  }

  @Override
  public ConfigValidation check(Config theirs, Config ours) {
    return JoinConfigCompatChecker.fullMatch(requiredKeys(), theirs, ours);
  }

  /** What is compared. */
  static String hash(String token) {
    return ClusterToken.fingerprint(token);
  }
}

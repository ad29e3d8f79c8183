package io.akkord.deploy.cluster;

import akka.actor.typed.Props;
import io.akkord.actors.cluster.ClusterNode;
import io.akkord.actors.cluster.ClusterRuntime;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.node.ClusterWatch;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.run.RunRuntime;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;

/** A cluster of this machine for one run: this process decides, worker processes compute. */
public final class LocalCluster {
  private static final int TOKEN_BYTES = 32;

  private LocalCluster() {}

  /**
   * Opens journal, head and workers; closing the runtime ends all of them.
   *
   * @param host where the workers find the head
   * @param port 0: any free one
   */
  public static RunRuntime open(
      Path outputDir, int workers, String host, int port, Consumer<String> say) {
    Journal journal = Journal.open(outputDir);
    ClusterNode head = null;
    try {
      String token = token();
      ClusterNode node =
          ClusterNode.start(
              new ClusterNode.Options(
                  host, port, List.of(), token, List.of(ClusterNode.CONTROL), journal.config()));
      head = node;
      WorkerProcesses processes =
          WorkerProcesses.start(workers, node.address(), token, outputDir.resolve("logs"), say);
      NodeBoard board = new NodeBoard();
      node.system()
          .systemActorOf(
              ClusterWatch.create(Clock.systemUTC(), board), "cluster-watch", Props.empty());
      return new ClusterRuntime(
          node.system(),
          node.bulk(),
          journal,
          board,
          processes::replace,
          () -> {
            processes.close();
            node.close();
            journal.close();
          });
    } catch (RuntimeException e) {
      if (head != null) {
        head.close();
      }
      journal.close();
      throw e;
    }
  }

  private static String token() {
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(random);
  }
}

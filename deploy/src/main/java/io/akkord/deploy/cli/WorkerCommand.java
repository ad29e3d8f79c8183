package io.akkord.deploy.cli;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.cluster.ClusterNode;
import io.akkord.actors.node.NodeLog;
import io.akkord.actors.worker.Devices;
import io.akkord.config.Settings;
import io.akkord.model.UserError;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** A worker process of a run on this machine; started by the run, ends with it. */
@Command(name = "worker", hidden = true, description = "A worker process; started by train.")
final class WorkerCommand implements Callable<Integer> {
  @Option(names = "--head", required = true)
  private String head;

  @Option(names = "--id", required = true)
  private String id;

  private volatile boolean parentGone;

  /** Of the worker whose part it has: more than 1 after one that died. */
  @Option(names = "--incarnation", defaultValue = "1")
  private int incarnation;

  @Override
  public Integer call() {
    String token = System.getenv("AKKORD_CLUSTER_TOKEN");
    if (token == null) {
      throw new UserError("worker processes are started by akkord train");
    }
    // These reach all processes of a terminal; the run decides when its workers end.
    Signal.handle(new Signal("INT"), SignalHandler.SIG_IGN);
    Signal.handle(new Signal("HUP"), SignalHandler.SIG_IGN);
    Devices devices = new Devices(List.of(id));
    ClusterNode node =
        ClusterNode.start(
            new ClusterNode.Options(
                "127.0.0.1",
                0,
                List.of(head),
                token,
                List.of(ClusterNode.WORKER),
                ConfigFactory.empty()));
    // Its lines need not be sent: they are in a file that the head reads.
    node.describe(id, List.of("cpu:0"), incarnation, NodeLog.create());
    node.offer(id, devices, 0, Settings.read(ConfigFactory.load()));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(node)));
    Thread parent = new Thread(this::awaitParentsEnd, "akkord-parent");
    parent.setDaemon(true);
    parent.start();
    node.awaitEnd();
    return ExitCode.SOFTWARE;
  }

  /** Without its parent there is no run that could take over what it has. */
  private void end(ClusterNode node) {
    if (parentGone) {
      node.close();
    } else {
      node.leave("its process was asked to end");
    }
  }

  /** The parent holds the other end of standard input: when it is gone, so are we. */
  private void awaitParentsEnd() {
    try {
      while (System.in.read() >= 0) {
        // Nothing is ever said here.
      }
    } catch (IOException e) {
      // The same end, less polite.
    }
    parentGone = true;
    System.exit(ExitCode.OK);
  }
}

package io.akkord.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.cluster.Management;
import io.akkord.actors.node.ThisNode;
import io.akkord.deploy.cluster.NodeFiles;
import io.akkord.model.UserError;
import io.akkord.model.engine.CudaDevice;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes this machine part of a cluster. */
@Command(
    name = "start",
    mixinStandardHelpOptions = true,
    description = "Starts a node of a cluster on this machine: its head, or one that computes.")
final class StartCommand implements Callable<Integer> {
  static final String HEAD_BIND = "127.0.0.1:7265";
  static final String WORKER_BIND = "127.0.0.1:0";

  /** One or the other. */
  static final class Role {
    @Option(
        names = "--head",
        required = true,
        description = "a control node: queue of jobs, supervisor, ledger, dashboard")
    private boolean head;

    @Option(
        names = "--address",
        required = true,
        split = ",",
        paramLabel = "HOST:PORT",
        description =
            "a node that computes, for the head there; several control nodes: all of them; in Kubernetes also: kubernetes")
    private List<String> seeds = List.of();
  }

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Role role;

  @Option(
      names = "--bind",
      paramLabel = "HOST:PORT",
      description =
          "where this node listens (default: 127.0.0.1:7265 for a head, any free port of 127.0.0.1 for others); other machines need an address they can reach")
  private String bind;

  @Option(
      names = "--control",
      split = ",",
      paramLabel = "HOST:PORT",
      description =
          "all three control nodes, with --head on each of them; needs akkord.persistence.url; in Kubernetes also: kubernetes")
  private List<String> control = List.of();

  @Option(
      names = "--devices",
      split = ",",
      defaultValue = "cpu:0",
      paramLabel = "DEVICE",
      description =
          "devices to offer, a worker each: cpu:0, cpu:1, … or cuda:0, cuda:1, … (default: ${DEFAULT-VALUE})")
  private List<String> devices;

  @Option(names = "--name", description = "of this node (default: host name and process id)")
  private String name;

  @Option(
      names = "--block",
      description = "stay in the foreground, as systemd, Kubernetes and Slurm want it")
  private boolean block;

  @Mixin private DashboardFlags dashboard;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Config config = ConfigFactory.load();
    NodeFiles files = NodeFiles.of(config);
    Bind address;
    try {
      address = Bind.parse(bind == null ? role.head ? HEAD_BIND : WORKER_BIND : bind);
      role.seeds.forEach(StartCommand::requireAddress);
      control.forEach(StartCommand::requireAddress);
      devices.forEach(StartCommand::requireDevice);
    } catch (UserError e) {
      spec.commandLine().getErr().println("akkord: " + e.getMessage());
      return ExitCode.USAGE;
    }
    if (!block) {
      return new Background(files, config.getDuration("akkord.cluster.join-timeout"), out)
          .start(spec.commandLine().getParseResult(), role.head, control.isEmpty());
    }
    String own =
        name != null ? name : "%s-%d".formatted(ThisNode.host(), ProcessHandle.current().pid());
    Foreground node = new Foreground(own, config, files, out);
    return role.head
        ? node.head(address, control, dashboard.options())
        : node.worker(address, role.seeds, devices);
  }

  private static void requireAddress(String text) {
    if (!text.equals(Management.KUBERNETES)) {
      Bind.parse(text);
    }
  }

  private static void requireDevice(String device) {
    if (CudaDevice.named(device)) {
      CudaDevice.require(device);
    } else if (!device.matches("cpu:\\d+")) {
      throw new UserError(
          "--devices has '%s'; allowed are cpu:0, cpu:1, … and cuda:0, cuda:1, … (one worker each)"
              .formatted(device));
    }
  }
}

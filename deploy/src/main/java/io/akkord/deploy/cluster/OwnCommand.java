package io.akkord.deploy.cluster;

import io.akkord.deploy.Main;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** This JVM's own command line with other words behind it. */
public final class OwnCommand {
  private OwnCommand() {}

  /** A command for a process of the same build and settings. */
  public static List<String> of(List<String> words) {
    return of(Main.class, words);
  }

  /** The same for a class with a main method. */
  public static List<String> of(Class<?> main, List<String> words) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-agentlib") && !argument.startsWith("-javaagent"))
        .forEach(command::add);
    String home = System.getProperty("akkord.home");
    if (home != null && command.stream().noneMatch(a -> a.startsWith("-Dakkord.home="))) {
      command.add("-Dakkord.home=" + home);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(words);
    return command;
  }
}

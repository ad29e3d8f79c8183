package io.akkord.actors;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Another JVM with this one's class path, to be killed without warning. */
public final class ForkedJvm implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;

  private ForkedJvm(Process process) {
    this.process = process;
    this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  /** Starts a main class. What it prints to standard error goes to this JVM's. */
  public static ForkedJvm start(Class<?> main, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return new ForkedJvm(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /** The next line it prints; null when it has ended. */
  public String readLine() throws IOException {
    return output.readLine();
  }

  /** kill -9; returns once it is dead. */
  public void kill() throws InterruptedException {
    // Through the handle, because Process.destroyForcibly would also drop what it printed last.
    process.toHandle().destroyForcibly();
    process.waitFor();
  }

  @Override
  public void close() throws Exception {
    kill();
    output.close();
  }
}

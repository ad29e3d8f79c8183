package io.akkord.deploy.bench;

import io.akkord.deploy.cluster.OwnCommand;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** {@link DashboardClients} in a process of their own, which yields to whoever computes. */
final class Visitors implements AutoCloseable {
  static final String OPEN = "open";
  static final String CLOSE = "close";

  private static final int DEADLINE_SECONDS = 60;

  /** They get what the run leaves of the cores, as they would sit elsewhere. */
  private static final String YIELDING = "19";

  private final Process process;
  private final PrintWriter orders;
  private final BufferedReader answers;

  private Visitors(Process process) {
    this.process = process;
    this.orders = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
    this.answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /** Starts the process and waits until it is there; nobody looks yet. */
  static Visitors start(String url, int count) throws IOException {
    List<String> command = new ArrayList<>(List.of("nice", "-n", YIELDING));
    command.addAll(OwnCommand.of(DashboardClients.class, List.of(url, "" + count)));
    Visitors visitors =
        new Visitors(
            new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    visitors.awaitLine();
    return visitors;
  }

  /** They look: each page asks in its own time. */
  void open(String run) {
    orders.println(OPEN + " " + run);
  }

  /** Nobody looks any more; returns how many questions were answered. */
  long leave() {
    orders.println(CLOSE);
    String count = awaitLine();
    if (count == null || count.equals("0")) {
      throw new IllegalStateException("the pages were not served");
    }
    return Long.parseLong(count);
  }

  private String awaitLine() {
    try {
      return CompletableFuture.supplyAsync(this::answer).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "process %d of those who look says nothing".formatted(process.pid()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for those who look", e);
    }
  }

  private String answer() {
    try {
      return answers.readLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroy();
  }
}

package io.akkord.deploy.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * People who look: each follows the live stream and goes from page to page, which ask as often as
 * they do in a browser. Of as many people as there are pages each is on another one. In a process
 * of its own it does what {@link Visitors} writes to it.
 */
final class DashboardClients implements AutoCloseable {
  private static final int OK = 200;
  private static final int STAY_MS = 4_000;

  /**
   * A page.
   *
   * @param everyMs how often it asks again
   * @param questions below {@code /api/v1}; RUN stands for the run
   */
  private record Page(int everyMs, List<String> questions) {}

  private static final List<Page> PAGES =
      List.of(
          new Page(STAY_MS, List.of("overview?run=RUN")),
          new Page(2_000, List.of("runs/RUN/curves", "runs/RUN")),
          new Page(3_000, List.of("nodes?run=RUN")),
          new Page(1_500, List.of("steps?run=RUN&limit=200")),
          new Page(6_000, List.of("samples?run=RUN", "scores?run=RUN")));

  private final HttpClient http = HttpClient.newHttpClient();
  private final List<Thread> threads = new ArrayList<>();
  private final List<InputStream> streams = new ArrayList<>();
  private final AtomicLong answers = new AtomicLong();
  private final String base;
  private final boolean hasty;
  private volatile boolean closed;

  private DashboardClients(String base, boolean hasty) {
    this.base = base;
    this.hasty = hasty;
  }

  /**
   * Says that it is there, then obeys, line by line: {@link Visitors#OPEN} with a run, or {@link
   * Visitors#CLOSE}, which is answered with the number of answers read.
   *
   * @param words the server's address, how many people
   */
  public static void main(String[] words) throws IOException {
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    DashboardClients clients = null;
    System.out.println("ready");
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      if (line.equals(Visitors.CLOSE)) {
        clients.close();
        System.out.println(clients.answers.get());
      } else {
        String run = line.substring(Visitors.OPEN.length() + 1);
        clients = start(new DashboardClients(words[0], false), run, Integer.parseInt(words[1]));
      }
    }
  }

  /** As people look who wait for nothing: one question after the other. */
  static DashboardClients hasty(String base, String run, int count) {
    return start(new DashboardClients(base, true), run, count);
  }

  private static DashboardClients start(DashboardClients clients, String run, int count) {
    for (int i = 0; i < count; i++) {
      clients.start("live-" + i, clients::live);
      int first = i;
      clients.start("page-" + i, () -> clients.look(run, first));
    }
    return clients;
  }

  private interface Work {
    void now() throws IOException, InterruptedException;
  }

  private void start(String name, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.now();
              } catch (IOException | InterruptedException e) {
                if (!closed) {
                  throw new IllegalStateException("a client of the dashboard failed", e);
                }
              }
            },
            "bench-client-" + name);
    thread.setDaemon(true);
    thread.start();
    threads.add(thread);
  }

  private InputStream get(String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(base + path)).header("Accept-Encoding", "gzip").build();
    HttpResponse<InputStream> reply = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    if (reply.statusCode() != OK) {
      throw new IOException(path + " answers " + reply.statusCode());
    }
    return reply.body();
  }

  private void live() throws IOException, InterruptedException {
    InputStream in = get("/api/v1/live");
    synchronized (streams) {
      streams.add(in);
    }
    byte[] buffer = new byte[1 << 14];
    while (!closed && in.read(buffer) >= 0) {
      // The page draws what it hears.
    }
  }

  private void look(String run, int first) throws IOException, InterruptedException {
    for (int at = first; !closed; at++) {
      Page page = PAGES.get(at % PAGES.size());
      for (int stayed = 0; stayed < STAY_MS && !closed; stayed += page.everyMs()) {
        for (String question : page.questions()) {
          try (InputStream in = get("/api/v1/" + question.replace("RUN", run))) {
            in.readAllBytes();
            answers.incrementAndGet();
          }
        }
        Thread.sleep(hasty ? 0 : Math.min(page.everyMs(), STAY_MS - stayed));
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
    synchronized (streams) {
      for (InputStream in : streams) {
        try {
          in.close();
        } catch (IOException e) {
          // It is gone, as it should be.
        }
      }
    }
  }
}

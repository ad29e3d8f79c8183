package io.akkord.deploy.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Open pages: each follows the live stream and asks for the curves every two seconds. */
final class DashboardClients implements AutoCloseable {
  private static final int CURVES_EVERY_MS = 2_000;

  private final HttpClient http = HttpClient.newHttpClient();
  private final List<Thread> threads = new ArrayList<>();
  private final List<InputStream> streams = new ArrayList<>();
  private final AtomicLong bytes = new AtomicLong();
  private final String base;
  private volatile boolean closed;

  private DashboardClients(String base) {
    this.base = base;
  }

  static DashboardClients open(String base, String run, int count) {
    DashboardClients clients = new DashboardClients(base);
    for (int i = 0; i < count; i++) {
      clients.start("live-" + i, clients::live);
      clients.start("curves-" + i, () -> clients.curves(run));
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
    return http.send(request, HttpResponse.BodyHandlers.ofInputStream()).body();
  }

  private void live() throws IOException, InterruptedException {
    InputStream in = get("/api/v1/live");
    synchronized (streams) {
      streams.add(in);
    }
    byte[] buffer = new byte[1 << 14];
    for (int read = 0; read >= 0 && !closed; read = in.read(buffer)) {
      bytes.addAndGet(read);
    }
  }

  private void curves(String run) throws IOException, InterruptedException {
    while (!closed) {
      try (InputStream in = get("/api/v1/runs/" + run + "/curves")) {
        bytes.addAndGet(in.readAllBytes().length);
      }
      Thread.sleep(CURVES_EVERY_MS);
    }
  }

  /** What all of them have read. */
  long bytes() {
    return bytes.get();
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

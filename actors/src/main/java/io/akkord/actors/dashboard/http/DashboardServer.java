package io.akkord.actors.dashboard.http;

import akka.actor.ActorSystem;
import akka.actor.CoordinatedShutdown;
import akka.http.javadsl.Http;
import akka.http.javadsl.ServerBinding;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.model.UserError;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * The dashboard's listener, with its own threads: what happens here never keeps a run waiting, and
 * its end is none of a run's business.
 */
public final class DashboardServer implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(20);
  private static final Duration STOP = Duration.ofSeconds(5);
  private static final int POLL_MS = 500;

  private final ActorSystem system;
  private final ServerBinding binding;
  private final ScheduledExecutorService reader;
  private final Responder responder;
  private final DashboardOptions options;

  private DashboardServer(
      ActorSystem system,
      ServerBinding binding,
      ScheduledExecutorService reader,
      Responder responder,
      DashboardOptions options) {
    this.system = system;
    this.binding = binding;
    this.reader = reader;
    this.responder = responder;
    this.options = options;
  }

  /**
   * Binds the port and answers.
   *
   * @param say told if another port than the wanted one is taken
   * @throws UserError if no port can be had
   */
  public static DashboardServer start(
      DashboardOptions options, RunSet runs, Token token, Consumer<String> say) {
    return start(options, runs, token, Optional.empty(), say);
  }

  /**
   * Binds the port and answers, for a cluster too.
   *
   * @param control what only the head of a cluster answers
   * @throws UserError if no port can be had
   */
  public static DashboardServer start(
      DashboardOptions options,
      RunSet runs,
      Token token,
      Optional<ControlRoutes> control,
      Consumer<String> say) {
    int port = freePort(options, say);
    ActorSystem system = ActorSystem.create("akkord-dashboard", config());
    Responder responder =
        new Responder(
            new Guard(hosts(options), !options.loopback(), token),
            new Api(runs, System::currentTimeMillis, control),
            runs,
            system);
    try {
      ServerBinding binding =
          Http.get(system)
              .newServerAt(options.host(), port)
              .bind((HttpRequest request) -> safely(responder, request))
              .toCompletableFuture()
              .get(START.toMillis(), TimeUnit.MILLISECONDS);
      ScheduledExecutorService reader =
          Executors.newSingleThreadScheduledExecutor(
              work -> {
                Thread thread = new Thread(work, "akkord-dashboard-reader");
                thread.setDaemon(true);
                return thread;
              });
      reader.scheduleWithFixedDelay(() -> refresh(runs, system), 0, POLL_MS, TimeUnit.MILLISECONDS);
      return new DashboardServer(system, binding, reader, responder, options);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      system.terminate();
      throw new UserError("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      system.terminate();
      throw new UserError(
          "the dashboard cannot listen on %s port %d (%s); choose another with --dashboard-port N or --dashboard-host, or go without: --no-dashboard"
              .formatted(options.host(), port, e.getMessage()),
          e);
    }
  }

  private static CompletionStage<HttpResponse> safely(Responder responder, HttpRequest request) {
    try {
      return responder.answer(request);
    } catch (RuntimeException e) {
      return CompletableFuture.completedFuture(responder.failure(e));
    }
  }

  /** A folder that cannot be read now is read the next time. */
  private static void refresh(RunSet runs, ActorSystem system) {
    try {
      runs.refresh();
    } catch (RuntimeException e) {
      system.log().warning("a run's folder cannot be read: {}", e.toString());
    }
  }

  private static Config config() {
    return ConfigFactory.parseResources("akkord-dashboard.conf").withFallback(ConfigFactory.load());
  }

  private static Set<String> hosts(DashboardOptions options) {
    Set<String> hosts = new HashSet<>(Set.of("127.0.0.1", "localhost", "[::1]"));
    if (!options.loopback()) {
      hosts.add(options.host().toLowerCase(Locale.ROOT));
      try {
        InetAddress here = InetAddress.getLocalHost();
        hosts.add(here.getHostName().toLowerCase(Locale.ROOT));
        hosts.add(here.getCanonicalHostName().toLowerCase(Locale.ROOT));
        hosts.add(here.getHostAddress());
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .forEach(address -> hosts.add(written(address)));
      } catch (IOException e) {
        // Then only under the address it was bound to.
      }
    }
    return hosts;
  }

  /** As it stands in an address bar. */
  private static String written(InetAddress address) {
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    String bare = scope < 0 ? text : text.substring(0, scope);
    return bare.contains(":") ? "[" + bare + "]" : bare;
  }

  /** The port wanted or, if that may be, the next one nobody has. */
  private static int freePort(DashboardOptions options, Consumer<String> say) {
    int wanted = options.port();
    if (wanted == 0 || free(options.host(), wanted)) {
      return wanted;
    }
    String holder = holder(options.host(), wanted);
    for (int port = wanted + 1; port <= wanted + options.searchUpTo(); port++) {
      if (free(options.host(), port)) {
        say.accept(
            "dashboard: port %d is taken by %s; this one takes %d".formatted(wanted, holder, port));
        return port;
      }
    }
    throw new UserError(
        options.searchUpTo() == 0
            ? "the dashboard's port %d (--dashboard-port) is taken by %s; choose another with --dashboard-port N, any free one with --dashboard-port 0, or go without: --no-dashboard"
                .formatted(wanted, holder)
            : "the dashboard's ports %d to %d are all taken; choose another with --dashboard-port N, any free one with --dashboard-port 0, or go without: --no-dashboard"
                .formatted(wanted, wanted + options.searchUpTo()));
  }

  private static boolean free(String host, int port) {
    try (var socket = new java.net.ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(host, port));
      return true;
    } catch (BindException e) {
      return false;
    } catch (IOException e) {
      throw new UserError(
          "the dashboard cannot listen on %s (%s); choose an address of this machine with --dashboard-host"
              .formatted(host, e.getMessage()),
          e);
    }
  }

  /** Asks who is there. */
  private static String holder(String host, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), 500);
      socket.setSoTimeout(500);
      socket
          .getOutputStream()
          .write(
              "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      String answer =
          new String(socket.getInputStream().readNBytes(4096), StandardCharsets.ISO_8859_1);
      return answer.contains(Responder.HEALTHY) ? "another run of Akkord" : "another program";
    } catch (IOException e) {
      return "another program";
    }
  }

  /** What to open in a browser. It is printed and kept in files, so it never holds the token. */
  public String url() {
    String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
    return "http://%s:%d".formatted(host, port());
  }

  /** The port it has. */
  public int port() {
    return binding.localAddress().getPort();
  }

  @Override
  public void close() {
    reader.shutdownNow();
    responder.close();
    try {
      binding
          .terminate(Duration.ofMillis(200))
          .toCompletableFuture()
          .get(STOP.toMillis(), TimeUnit.MILLISECONDS);
      CoordinatedShutdown.get(system)
          .runAll(CoordinatedShutdown.jvmExitReason())
          .toCompletableFuture()
          .get(STOP.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // It ends with the process then; nothing depends on it.
      system.terminate();
    }
  }
}

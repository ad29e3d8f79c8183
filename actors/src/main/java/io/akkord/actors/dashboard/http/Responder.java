package io.akkord.actors.dashboard.http;

import akka.NotUsed;
import akka.actor.ActorSystem;
import akka.http.javadsl.coding.Coder;
import akka.http.javadsl.model.AttributeKeys;
import akka.http.javadsl.model.ContentType;
import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpCharsets;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpEntity;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.RemoteAddress;
import akka.http.javadsl.model.Uri;
import akka.http.javadsl.model.headers.RawHeader;
import akka.http.scaladsl.model.EntityStreamException;
import akka.http.scaladsl.model.EntityStreamSizeException;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.model.UserError;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** Between HTTP and the API: guard, work on own threads, headers. */
final class Responder implements AutoCloseable {
  static final String HEALTHY = "akkord: ok";

  /** Questions that may wait; more are sent away. */
  private static final int WAITING = 64;

  /** Streams at a time. */
  private static final int LISTENERS = 64;

  /** A recipe is some kilobytes. */
  private static final long MOST_BODY = 1 << 20;

  private static final Duration BODY_DEADLINE = Duration.ofSeconds(10);
  private static final Duration TICK = Duration.ofMillis(500);

  private static final List<HttpHeader> SAFE =
      List.of(
          RawHeader.create(
              "Content-Security-Policy",
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
          RawHeader.create("X-Content-Type-Options", "nosniff"),
          RawHeader.create("X-Frame-Options", "DENY"),
          RawHeader.create("Referrer-Policy", "no-referrer"),
          RawHeader.create("Cross-Origin-Resource-Policy", "same-origin"),
          RawHeader.create("Cross-Origin-Opener-Policy", "same-origin"));

  private final Guard guard;
  private final Api api;
  private final RunSet runs;
  private final ActorSystem system;
  private final Pages pages = new Pages();
  private final LiveOverview overviews = new LiveOverview(TICK, this::shot, System::nanoTime);
  private final AtomicInteger listeners = new AtomicInteger();
  private final RefusalLog refusals;
  private final ThreadPoolExecutor workers;

  Responder(Guard guard, Api api, RunSet runs, ActorSystem system) {
    this.guard = guard;
    this.api = api;
    this.runs = runs;
    this.system = system;
    this.refusals = new RefusalLog(line -> system.log().warning(line), System::nanoTime);
    AtomicInteger number = new AtomicInteger();
    workers =
        new ThreadPoolExecutor(
            2,
            2,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING),
            work -> {
              Thread thread = new Thread(work, "akkord-dashboard-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  CompletionStage<HttpResponse> answer(HttpRequest request) {
    Question question = question(request);
    String peer = peer(request);
    try {
      guard.check(question);
    } catch (Refused e) {
      request.discardEntityBytes(system);
      refusals.refused(peer, question, e);
      throw e;
    }
    if (question.method().equals("POST")) {
      // Only who may change something gets as far as having a body read.
      return request
          .entity()
          .withSizeLimit(MOST_BODY)
          .toStrict(BODY_DEADLINE.toMillis(), MOST_BODY, system)
          .handle((body, failed) -> failed == null ? body : refuse(failed))
          .thenCompose(body -> answer(question.withBody(body.getData().utf8String()), peer))
          .exceptionally(
              failed -> {
                Throwable cause = cause(failed);
                if (cause instanceof Refused refused) {
                  refusals.refused(peer, question, refused);
                }
                return failure(
                    cause instanceof RuntimeException e ? e : new IllegalStateException(cause));
              });
    }
    request.discardEntityBytes(system);
    return answer(question, peer);
  }

  private static HttpEntity.Strict refuse(Throwable failed) {
    Throwable cause = cause(failed);
    if (cause instanceof EntityStreamSizeException || tooLarge(cause)) {
      throw new Refused(413, "the body is larger than %d bytes".formatted(MOST_BODY));
    }
    if (cause instanceof TimeoutException) {
      throw new Refused(
          408, "the body was not there after %d s".formatted(BODY_DEADLINE.toSeconds()));
    }
    throw new Refused(400, "the body cannot be read: " + cause);
  }

  /** What reading to the end says, as opposed to a body that was cut off. */
  private static boolean tooLarge(Throwable cause) {
    return cause instanceof EntityStreamException
        && String.valueOf(cause.getMessage()).contains("too large");
  }

  private static Throwable cause(Throwable failed) {
    return failed instanceof CompletionException && failed.getCause() != null
        ? failed.getCause()
        : failed;
  }

  /** Who asks, as the kernel says and no header. */
  private static String peer(HttpRequest request) {
    return request
        .getAttribute(AttributeKeys.remoteAddress)
        .flatMap(RemoteAddress::getAddress)
        .map(InetAddress::getHostAddress)
        .orElse("an unknown address");
  }

  private CompletionStage<HttpResponse> answer(Question question, String peer) {
    boolean gzip =
        question.header("accept-encoding").filter(value -> value.contains("gzip")).isPresent();
    if (question.path().equals(List.of("api", "v1", "live"))) {
      return CompletableFuture.completedFuture(live(question));
    }
    try {
      return CompletableFuture.supplyAsync(() -> respond(question, peer, gzip), workers);
    } catch (RejectedExecutionException e) {
      throw new Refused(503, "too many questions at a time; ask again");
    }
  }

  private static Question question(HttpRequest request) {
    Map<String, String> headers = new HashMap<>();
    request.getHeaders().forEach(header -> headers.put(header.lowercaseName(), header.value()));
    Uri uri = request.getUri();
    List<String> path = new ArrayList<>();
    uri.pathSegments().forEach(path::add);
    path.removeIf(String::isEmpty);
    return new Question(request.method().name(), path, uri.query().toMap(), headers);
  }

  private HttpResponse respond(Question question, String peer, boolean gzip) {
    HttpResponse response;
    try {
      response = http(route(question));
    } catch (RuntimeException e) {
      if (e instanceof Refused refused) {
        refusals.refused(peer, question, refused);
      }
      return failure(e);
    }
    return gzip ? Coder.GzipLevel1.encodeMessage(response) : response;
  }

  private Answer route(Question question) {
    List<String> path = question.path();
    if (path.size() > 2 && path.get(0).equals("api") && path.get(1).equals("v1")) {
      return api.answer(question);
    }
    if (!question.method().equals("GET") && !question.method().equals("HEAD")) {
      throw new Refused(405, "not with this method");
    }
    if (path.equals(List.of("healthz"))) {
      return Answer.text("text/plain", HEALTHY + "\n");
    }
    if (path.equals(List.of("metrics"))) {
      return Answer.text("text/plain; version=0.0.4", Metrics.text(runs.all()));
    }
    return pages.find(path).orElseThrow(() -> new Refused(404, "nothing is here"));
  }

  private static HttpResponse http(Answer answer) {
    return HttpResponse.create()
        .withStatus(answer.status())
        .addHeaders(SAFE)
        .addHeader(RawHeader.create("Cache-Control", answer.keep() ? "no-cache" : "no-store"))
        .withEntity(HttpEntities.create(type(answer.type()), answer.body()));
  }

  private static ContentType type(String type) {
    return switch (type) {
      case "application/json" -> ContentTypes.APPLICATION_JSON;
      case "text/html" -> MediaTypes.TEXT_HTML.toContentType(HttpCharsets.UTF_8);
      case "text/css" -> MediaTypes.TEXT_CSS.toContentType(HttpCharsets.UTF_8);
      case "text/javascript" -> MediaTypes.APPLICATION_JAVASCRIPT.toContentType(HttpCharsets.UTF_8);
      case "image/svg+xml" -> ContentTypes.parse("image/svg+xml");
      default -> ContentTypes.parse(type + "; charset=utf-8");
    };
  }

  /** A user's mistake is a sentence; ours is one too, and goes to the log. */
  HttpResponse failure(RuntimeException e) {
    if (e instanceof Refused || e instanceof UserError) {
      return http(Api.mistake(e));
    }
    system.log().error(e, "the dashboard could not answer");
    return http(
        Answer.json(500, Map.of("error", "the dashboard could not answer; its log says why")));
  }

  private HttpResponse live(Question question) {
    if (listeners.incrementAndGet() > LISTENERS) {
      listeners.decrementAndGet();
      throw new Refused(503, "too many pages are open");
    }
    Source<ByteString, NotUsed> events =
        overviews
            .listen(question.text("run", ""))
            .watchTermination(
                (unused, done) -> {
                  done.whenComplete((ok, failed) -> listeners.decrementAndGet());
                  return NotUsed.getInstance();
                });
    return HttpResponse.create()
        .addHeaders(SAFE)
        .addHeader(RawHeader.create("Cache-Control", "no-store"))
        .withEntity(
            HttpEntities.createChunked(MediaTypes.TEXT_EVENT_STREAM.toContentType(), events));
  }

  private LiveOverview.Shot shot(String id) {
    // Read first: what changes while the overview is made is news for the next one.
    long version =
        runs.find(id)
            .map(run -> run.read(m -> m.version()) * 2 + (run.loaded() ? 1 : 0))
            .orElse(-2L);
    try {
      Question question = new Question("GET", List.of(), Map.of("run", id), Map.of());
      return new LiveOverview.Shot(version, Json.text(api.overview(question)));
    } catch (RuntimeException e) {
      return new LiveOverview.Shot(
          version, Json.text(Map.of("error", String.valueOf(e.getMessage()))));
    }
  }

  @Override
  public void close() {
    workers.shutdownNow();
  }
}

package io.akkord.actors.dashboard.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.dashboard.NodeRows;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.job.ClusterControl;
import io.akkord.actors.job.Job;
import io.akkord.actors.job.JobManager;
import io.akkord.actors.job.Order;
import io.akkord.actors.node.NodeBoard;
import io.akkord.config.RecipeReader;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the head of a cluster is asked: its state, and jobs. A job is a recipe and nothing else. */
public final class ControlRoutes {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_WORKERS = 100_000;

  /** What may be handed in. A command, an entry point or variables of an environment may not. */
  private static final List<String> KEYS =
      List.of(
          "source", "recipe", "folder", "directory", "workers", "resume", "resume_anyway", "sets");

  /** Bytes of a log in one answer. */
  private static final int LOG_CHUNK = 256 << 10;

  private final ClusterControl control;
  private final Path logs;

  /**
   * The questions.
   *
   * @param logs folder with a file for each job that ran here
   */
  public ControlRoutes(ClusterControl control, Path logs) {
    this.control = control;
    this.logs = logs;
  }

  /** The routes; what a run that goes on needs is part of how a cluster is. */
  List<Api.Route> routes(RunSet runs) {
    return List.of(
        new Api.Route(
            "GET",
            "cluster",
            "Nodes, use, failures, who waits and what needs attention",
            List.of(),
            q -> cluster(runs)),
        new Api.Route("GET", "jobs", "Every job, newest first", List.of(), q -> jobs()),
        new Api.Route("GET", "jobs/{id}", "One job", List.of(), q -> row(find(q))),
        new Api.Route(
            "GET",
            "jobs/{id}/logs",
            "What the job has printed, from a byte on",
            List.of("from"),
            this::log),
        new Api.Route("POST", "jobs", "Puts a recipe into the queue", List.of(), this::submit),
        new Api.Route(
            "POST",
            "jobs/{id}/stop",
            "Ends a job after the step in flight, with a checkpoint",
            List.of(),
            this::stop));
  }

  private Object cluster(RunSet runs) {
    NodeBoard board = control.board();
    JobManager.Listing jobs = jobsOrNone();
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("now", System.currentTimeMillis());
    // Empty while the queue moves from a lost control node to another one.
    view.put("job_manager_node", jobs.node());
    view.put("workers", jobs.workers());
    view.put("nodes", NodeRows.of(board.nodes()));
    view.put(
        "pending",
        jobs.rows().stream()
            .filter(r -> !r.pending().isEmpty())
            .map(r -> Map.of("job", r.job().id(), "why", r.pending()))
            .toList());
    view.put("failures", board.failures());
    view.put(
        "running",
        jobs.rows().stream()
            .filter(r -> r.job().state() == Job.State.RUNNING)
            .map(this::row)
            .toList());
    view.put(
        "attention",
        runs.all().stream()
            .filter(run -> run.live().isPresent())
            .flatMap(run -> Api.attention(run).stream())
            .toList());
    return view;
  }

  /** What is known of the nodes of the cluster. */
  NodeBoard board() {
    return control.board();
  }

  private List<JobManager.Row> allJobs() {
    try {
      return control.jobs().rows();
    } catch (UserError e) {
      throw new Refused(503, e.getMessage());
    }
  }

  /** Nodes are shown even when nobody answers for the jobs. */
  private JobManager.Listing jobsOrNone() {
    try {
      return control.jobs();
    } catch (UserError e) {
      return new JobManager.Listing(List.of(), 0, "");
    }
  }

  private Object jobs() {
    List<Object> rows = new ArrayList<>();
    List<JobManager.Row> all = allJobs();
    for (int i = all.size() - 1; i >= 0; i--) {
      rows.add(row(all.get(i)));
    }
    return Map.of("rows", rows);
  }

  private Map<String, Object> row(JobManager.Row row) {
    Job job = row.job();
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("job", job.id());
    view.put("state", job.state().text());
    view.put("why", row.pending().isEmpty() ? job.reason() : row.pending());
    view.put("recipe", job.order().source());
    view.put("output_dir", job.order().outputDir());
    view.put("workers", job.order().workers());
    view.put("node", job.node());
    view.put("begun", job.begun());
    view.put("committed_steps", job.committedSteps());
    view.put("stop_asked", job.stopAsked());
    view.put("submitted_at", job.submittedAt());
    view.put("started_at", job.startedAt());
    view.put("ended_at", job.endedAt());
    return view;
  }

  private JobManager.Row find(Question question) {
    String id = question.path().get(3);
    return allJobs().stream()
        .filter(row -> row.job().id().equals(id))
        .findFirst()
        .orElseThrow(() -> new Refused(404, "no such job; akkord job list shows them"));
  }

  /** The id is one of the list, so it names no other file. */
  private Object log(Question question) {
    Job job = find(question).job();
    long from = question.number("from", 0, 0, Integer.MAX_VALUE);
    Path file = logs.resolve(job.id() + ".log");
    String text = "";
    long next = from;
    if (Files.exists(file)) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        ByteBuffer bytes = ByteBuffer.allocate(LOG_CHUNK);
        channel.read(bytes, from);
        bytes.flip();
        int whole = wholeLines(bytes, job.state().over());
        text = new String(bytes.array(), 0, whole, StandardCharsets.UTF_8);
        next = from + whole;
      } catch (IOException e) {
        throw new UserError("%s cannot be read: %s".formatted(file, e.getMessage()), e);
      }
    }
    return Map.of(
        "job",
        job.id(),
        "state",
        job.state().text(),
        "node",
        job.node(),
        "text",
        text,
        "next",
        next);
  }

  /** Up to the last line's end, so that no letter is cut in two. */
  private static int wholeLines(ByteBuffer bytes, boolean last) {
    int end = bytes.limit();
    while (end > 0 && bytes.get(end - 1) != '\n') {
      end--;
    }
    return end == 0 && last ? bytes.limit() : end;
  }

  private Object submit(Question question) {
    JsonNode wish;
    try {
      wish = JSON.readTree(question.body());
    } catch (JsonProcessingException e) {
      throw new Refused(400, "the body is no JSON: " + e.getOriginalMessage());
    }
    requireKnown(wish);
    List<String> sets = texts(wish, "sets", "learning_rate=0.001");
    String source = text(wish, "source");
    String recipe = text(wish, "recipe");
    String folder = text(wish, "folder");
    String directory = text(wish, "directory");
    int workers = workers(wish);
    boolean resume = resume(wish);
    List<String> anyway = texts(wish, "resume_anyway", "learning_rate");
    if (!resume && !anyway.isEmpty()) {
      throw new Refused(400, "resume_anyway goes with resume: true only");
    }
    Path output = outputDir(source, recipe, folder, directory, sets);
    if (!resume && Files.exists(output.resolve("run.json"))) {
      throw new Refused(
          409,
          "output_dir %s holds a run already; go on with it: --resume, or choose another: --set output_dir=DIR"
              .formatted(output));
    }
    String id;
    try {
      id =
          control.submit(
              new Order(
                  source,
                  recipe,
                  folder,
                  directory,
                  sets,
                  workers,
                  resume,
                  anyway,
                  output.toString()));
    } catch (UserError e) {
      throw new Refused(409, e.getMessage());
    }
    return Map.of("job", id, "output_dir", output.toString());
  }

  private static void requireKnown(JsonNode wish) {
    if (!wish.isObject()) {
      throw new Refused(400, "the body is no JSON object; it has the keys " + KEYS);
    }
    List<String> unknown = new ArrayList<>();
    wish.fieldNames().forEachRemaining(unknown::add);
    unknown.removeAll(KEYS);
    if (!unknown.isEmpty()) {
      throw new Refused(
          400,
          "a job is a recipe and nothing else: unknown %s; allowed are %s"
              .formatted(unknown, KEYS));
    }
  }

  private static List<String> texts(JsonNode wish, String key, String example) {
    List<String> texts = new ArrayList<>();
    JsonNode given = wish.path(key);
    boolean right = given.isMissingNode() || given.isArray();
    for (JsonNode text : given) {
      right &= text.isTextual();
      texts.add(text.asText());
    }
    if (!right) {
      throw new Refused(400, "%s is no list of texts such as \"%s\"".formatted(key, example));
    }
    return texts;
  }

  private static int workers(JsonNode wish) {
    JsonNode given = wish.path("workers");
    int workers = given.asInt(1);
    if (!(given.isMissingNode() || given.isInt()) || workers < 1 || workers > MOST_WORKERS) {
      throw new Refused(
          400, "workers is %s; a number from 1 to %d is needed".formatted(given, MOST_WORKERS));
    }
    return workers;
  }

  private static boolean resume(JsonNode wish) {
    JsonNode given = wish.path("resume");
    if (!(given.isMissingNode() || given.isBoolean())) {
      throw new Refused(400, "resume is %s; true or false is needed".formatted(given));
    }
    return given.asBoolean(false);
  }

  /** Reads the recipe here, where it will run; what is wrong with it is said before it waits. */
  private static Path outputDir(
      String source, String recipe, String folder, String directory, List<String> sets) {
    try {
      return RecipeReader.parse(source, recipe, Path.of(folder), Path.of(directory), sets)
          .recipe()
          .outputDir()
          .toAbsolutePath()
          .normalize();
    } catch (UserError e) {
      throw new Refused(400, e.getMessage());
    } catch (InvalidPathException e) {
      throw new Refused(400, "folder, directory or output_dir is no path: " + e.getMessage());
    }
  }

  private static String text(JsonNode wish, String key) {
    if (!wish.path(key).isTextual()) {
      throw new Refused(400, "the body has no text '%s'".formatted(key));
    }
    return wish.path(key).asText();
  }

  private Object stop(Question question) {
    String id = find(question).job().id();
    control.stop(id);
    return Map.of("stopping", id);
  }
}

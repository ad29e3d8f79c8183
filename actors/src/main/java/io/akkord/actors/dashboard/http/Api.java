package io.akkord.actors.dashboard.http;

import io.akkord.actors.dashboard.ActorRows;
import io.akkord.actors.dashboard.Attention;
import io.akkord.actors.dashboard.CheckpointRows;
import io.akkord.actors.dashboard.Curves;
import io.akkord.actors.dashboard.LedgerPages;
import io.akkord.actors.dashboard.LiveRun;
import io.akkord.actors.dashboard.NodeRows;
import io.akkord.actors.dashboard.RunDisk;
import io.akkord.actors.dashboard.RunModel;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.dashboard.SampleList;
import io.akkord.actors.dashboard.Views;
import io.akkord.actors.dashboard.WorkerRow;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.params.WorkerPhases;
import io.akkord.actors.run.RunEvent;
import io.akkord.config.EffectiveRecipe;
import io.akkord.model.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/** The questions under {@code /api/v1} and their answers. Every list has a limit. */
final class Api {

  private static final List<String> SPARKS =
      List.of("loss", "nll", "mean_p", "entropy", "mean_w", "tokens_per_second");

  /**
   * One question.
   *
   * @param path below {@code /api/v1}; {@code {…}} stands for one segment
   * @param parameters of the query
   */
  record Route(
      String method,
      String path,
      String summary,
      List<String> parameters,
      Function<Question, Object> answer) {

    boolean fits(Question question) {
      String[] parts = path.split("/");
      if (!method.equals(question.method()) || question.path().size() != parts.length + 2) {
        return false;
      }
      for (int i = 0; i < parts.length; i++) {
        if (!parts[i].startsWith("{") && !parts[i].equals(question.path().get(i + 2))) {
          return false;
        }
      }
      return true;
    }
  }

  private final RunSet runs;
  private final LongSupplier clock;
  private final Optional<ControlRoutes> control;
  private final List<Route> routes = new ArrayList<>();

  Api(RunSet runs, LongSupplier clock) {
    this(runs, clock, Optional.empty());
  }

  /** With what the head of a cluster answers besides. */
  Api(RunSet runs, LongSupplier clock, Optional<ControlRoutes> control) {
    this.runs = runs;
    this.clock = clock;
    this.control = control;
    get(
        "overview",
        "Health and progress of one run, and what needs attention",
        this::overview,
        "run");
    get("runs", "Every run this server knows, newest first", q -> summaries());
    get("runs/{id}", "One run with its evaluations and cycles", this::run);
    get("runs/{id}/curves", "Curves in at most 2,000 buckets", this::curves, "x", "names", "since");
    get("nodes", "Nodes of the cluster, or the processes of the run", this::nodes, "run");
    get(
        "actors",
        "Actors as they stand, with state, reason, restarts and mailbox",
        this::actors,
        "run");
    get("steps", "The latest steps in full", this::steps, "run", "limit");
    get(
        "scores",
        "How scores are distributed, over time and now",
        q -> maybe(q).map(LedgerPages::scores).orElseGet(LedgerPages::noScores),
        "run");
    get(
        "samples",
        "Samples by average score, cost, visits, revision or id",
        this::samples,
        "run",
        "sort",
        "q",
        "origin",
        "revised",
        "visited",
        "page");
    get(
        "samples/{id}",
        "One sample: texts, visits, versions",
        q -> LedgerPages.sample(find(q), q.path().get(3)),
        "run");
    get(
        "rewrites",
        "Every rewrite tried, with the text before and after",
        this::rewrites,
        "run",
        "decision",
        "page");
    get(
        "checkpoints",
        "Checkpoints on disk and those rotated away",
        q -> Map.of("rows", maybe(q).map(CheckpointRows::of).orElse(List.of())),
        "run");
    get(
        "logs",
        "What the run, its worker processes and the cluster's nodes have said, oldest first",
        this::logs,
        LogAnswers.PARAMETERS.toArray(String[]::new));
    get("settings", "The effective recipe with the origin of each value", this::settings, "run");
    routes.add(
        new Route(
            "POST",
            "runs/{id}/stop",
            "Ends a run of this process after the step in flight, with a checkpoint",
            List.of(),
            this::stop));
    control.ifPresent(head -> routes.addAll(head.routes(runs)));
    get("openapi.json", "This list", q -> OpenApi.document());
  }

  private void get(
      String path, String summary, Function<Question, Object> answer, String... parameters) {
    routes.add(new Route("GET", path, summary, List.of(parameters), answer));
  }

  List<Route> routes() {
    return List.copyOf(routes);
  }

  Answer answer(Question question) {
    for (Route route : routes) {
      if (route.fits(question)) {
        return Answer.json(route.answer().apply(question));
      }
    }
    boolean otherMethod =
        routes.stream()
            .anyMatch(r -> r.fits(new Question(r.method(), question.path(), Map.of(), Map.of())));
    throw otherMethod
        ? new Refused(405, "not with this method")
        : new Refused(404, "no such question; /api/v1/openapi.json lists them");
  }

  private RunView find(Question question) {
    return named(question.text("run", ""));
  }

  /** The run that is asked about; empty if none was named and there is none yet, as on a head. */
  private Optional<RunView> maybe(Question question) {
    String id = question.text("run", "");
    return id.isEmpty() ? runs.find("") : Optional.of(named(id));
  }

  private static <T> T of(Optional<RunView> run, T none, Function<RunModel, T> reading) {
    return run.map(view -> view.read(reading)).orElse(none);
  }

  private RunView named(String id) {
    return runs.find(id)
        .orElseThrow(() -> new Refused(404, id.isEmpty() ? "no run yet" : "no such run"));
  }

  /** Also what the live stream sends. */
  Map<String, Object> overview(Question question) {
    Optional<RunView> run = maybe(question);
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("now", clock.getAsLong());
    view.put("run", run.map(of -> Views.summary(of, clock.getAsLong())).orElse(null));
    view.put("attention", run.map(Api::attention).orElse(List.of()));
    view.put("sparks", of(run, Map.of(), m -> Views.sparks(m, SPARKS)));
    view.put("evals", of(run, List.of(), m -> m.evals().stream().map(Views::eval).toList()));
    view.put("cycles", cycles(run));
    view.put("workers", workers(run));
    view.put("notes", of(run, List.of(), m -> m.log().find(0, "", "", 8)));
    return view;
  }

  private static List<WorkerRow> workers(Optional<RunView> run) {
    return of(run, List.of(), m -> List.copyOf(m.workers()));
  }

  private static List<Map<String, Object>> cycles(Optional<RunView> run) {
    return of(run, List.of(), m -> m.cycles().stream().map(Views::cycle).toList());
  }

  /** The disk is looked at before the model is held, as a run's events wait for that. */
  static List<Attention.Entry> attention(RunView run) {
    Attention.Disk disk = RunDisk.of(run.folder());
    return run.read(m -> Attention.of(m, disk));
  }

  private Object summaries() {
    return Map.of(
        "main",
        runs.find("").map(RunView::id).orElse(""),
        "rows",
        runs.all().stream().map(run -> Views.summary(run, clock.getAsLong())).toList());
  }

  private Object run(Question question) {
    RunView run = named(question.path().get(3));
    Map<String, Object> view = Views.summary(run, clock.getAsLong());
    view.put("evals", run.read(m -> m.evals().stream().map(Views::eval).toList()));
    view.put("cycle_rows", run.read(m -> m.cycles().stream().map(Views::cycle).toList()));
    view.put("names", Curves.NAMES);
    return view;
  }

  private Object curves(Question question) {
    RunView run = named(question.path().get(3));
    String x = question.text("x", "step");
    if (!List.of("step", "tokens", "time").contains(x)) {
      throw new Refused(400, "x is step, tokens or time");
    }
    String names = question.text("names", "");
    List<String> wanted = names.isEmpty() ? Curves.NAMES : Arrays.asList(names.split(",", 50));
    int since = question.number("since", 0, 0, Integer.MAX_VALUE);
    return run.read(m -> Views.curves(m, x, wanted, since));
  }

  /** The cluster's nodes on its head, else the processes of a run that goes on here. */
  private Object nodes(Question question) {
    Optional<RunView> run = maybe(question);
    List<Map<String, Object>> rows = new ArrayList<>();
    if (control.isEmpty()) {
      run.flatMap(RunView::live)
          .ifPresent(
              live ->
                  rows.add(Machine.view(run.get().folder(), live.devices(), clock.getAsLong())));
    }
    rows.addAll(NodeRows.of(others(run)));
    return Map.of("rows", rows, "workers", workers(run));
  }

  private List<NodeBoard.Node> others(Optional<RunView> run) {
    return control
        .map(head -> head.board().nodes())
        .orElseGet(() -> run.flatMap(RunView::live).map(LiveRun::nodes).orElse(List.of()));
  }

  /** Only a run that goes on here has actors, on whatever nodes. */
  private Object actors(Question question) {
    Optional<RunView> run = maybe(question);
    boolean live = run.flatMap(RunView::live).isPresent();
    List<NodeBoard.Node> others = live ? others(run) : List.of();
    return Map.of(
        "live",
        live,
        "rows",
        run.map(r -> ActorRows.of(r, others, clock.getAsLong())).orElse(List.of()),
        "workers",
        workers(run));
  }

  private Object steps(Question question) {
    int limit = question.number("limit", 200, 1, RunModel.RECENT_STEPS);
    return of(
        maybe(question),
        Map.of("committed_steps", 0, "rows", List.of(), "phases", WorkerPhases.NAMES),
        m -> {
          var recent = m.recent();
          return Map.of(
              "committed_steps",
              m.committedSteps(),
              "rows",
              recent.subList(Math.max(0, recent.size() - limit), recent.size()).stream()
                  .map(r -> Views.step(r, m.phases(r.step())))
                  .toList(),
              "phases",
              WorkerPhases.NAMES);
        });
  }

  private Object samples(Question question) {
    String sort = question.text("sort", "average");
    if (!SampleList.SORTS.contains(sort)) {
      throw new Refused(400, "sort is one of " + String.join(", ", SampleList.SORTS));
    }
    SampleList.Filter filter =
        new SampleList.Filter(
            question.text("q", ""),
            question.query().get("origin"),
            yesOrNo(question, "revised"),
            yesOrNo(question, "visited"));
    int page = question.number("page", 0, 0, 199);
    return maybe(question)
        .map(run -> LedgerPages.samples(run, sort, filter, page))
        .orElseGet(() -> LedgerPages.noSamples(page));
  }

  /** Null where nothing is asked for. */
  private static Boolean yesOrNo(Question question, String name) {
    String text = question.text(name, "");
    if (!List.of("", "yes", "no").contains(text)) {
      throw new Refused(400, name + " is yes or no");
    }
    return text.isEmpty() ? null : text.equals("yes");
  }

  private Object rewrites(Question question) {
    Optional<RunView> run = maybe(question);
    String decision = question.text("decision", "");
    int page = question.number("page", 0, 0, 100_000);
    Map<String, Object> view =
        run.map(of -> LedgerPages.rewrites(of, decision, page))
            .orElseGet(() -> LedgerPages.noRewrites(page));
    view.put("cycles", cycles(run));
    Views.Calendar calendar = of(run, Views.Calendar.NONE, m -> Views.calendar(m, RunModel.ROWS));
    view.put("calendar", calendar.steps());
    view.put("calendar_first", calendar.first());
    return view;
  }

  private Object logs(Question question) {
    return LogAnswers.of(
        question, maybe(question), control.map(head -> head.board().said()).orElse(List.of()));
  }

  private Object settings(Question question) {
    List<Object> rows = new ArrayList<>();
    of(
            maybe(question),
            List.<EffectiveRecipe.Setting>of(),
            m -> m.opened().map(RunEvent.Opened::settings).orElse(List.of()))
        .forEach(
            s -> rows.add(Map.of("key", s.key(), "value", s.value(), "origin", s.origin().text())));
    return Map.of("rows", rows);
  }

  private Object stop(Question question) {
    RunView run = named(question.path().get(3));
    if (run.read(m -> m.ended().isPresent())) {
      throw new Refused(409, "the run has ended");
    }
    run.live()
        .orElseThrow(
            () -> new Refused(409, "the run goes on in another process; stop it there with Ctrl-C"))
        .stop("stopped on the dashboard");
    return Map.of("stopping", run.id());
  }

  /** What a mistake of who asks looks like. */
  static Answer mistake(RuntimeException e) {
    if (e instanceof Refused refused) {
      return Answer.json(refused.status(), Map.of("error", refused.getMessage()));
    }
    if (e instanceof UserError) {
      return Answer.json(404, Map.of("error", e.getMessage()));
    }
    throw e;
  }
}

package io.akkord.deploy.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real browser before a running demo: every page while it goes on, its end by the page's own
 * button, and every page again when all processes are gone. Pictures are in target/screenshots.
 */
class DashboardIT {
  private static final Path PICTURES = Path.of("target", "screenshots").toAbsolutePath();
  private static final ObjectMapper JSON = new ObjectMapper();

  /** After so many every sample was seen once. */
  private static final int EPOCH_STEPS = 13;

  private static final List<String> PAGES =
      List.of(
          "overview",
          "runs",
          "nodes",
          "actors",
          "steps",
          "ledger",
          "rewrites",
          "checkpoints",
          "logs",
          "settings");

  @TempDir Path folder;

  private DemoRuns runs;
  private Chromium chromium;
  private Page page;

  @BeforeEach
  void prepare() throws IOException {
    PlaywrightAssertions.setDefaultAssertionTimeout(Chromium.DEADLINE_MILLIS);
    runs = new DemoRuns(folder);
  }

  @Test
  void aPersonSeesARunFromItsStartToLongAfterItsEnd() throws Exception {
    Optional<Path> installed = Chromium.installed();
    if (installed.isEmpty()) {
      String missing = "no Chromium (Debian: apt-get install chromium), no browser test";
      assertThat(System.getenv("CI")).as(missing).isNotEqualTo("true");
      System.err.println("SKIPPED: " + missing);
    }
    assumeTrue(installed.isPresent(), "Chromium is not installed");

    Process run = demo();
    try (Chromium started = Chromium.start(installed.get())) {
      chromium = started;
      page = started.page;
      String url = runs.url("demo", run);
      page.navigate(url);
      liveNumbersMove();
      Process other = aShortRunBeside();
      everyPage("live");
      phasesAreShown();
      aStragglerIsMarked();
      aSampleIsFound();
      aLongLineIsShown();
      nothingFoundAndAnErrorAreSaid();
      theKeyboardIsEnough();
      assertThat(other.waitFor(2, TimeUnit.MINUTES)).as("the short run ends").isTrue();
      assertThat(other.exitValue()).as(runs.said("other")).isZero();
      twoRunsAreLaidOverEachOther(url);
      aDashboardThatIsKilledAndComesBackIsNotNoticed(run);
      assertThat(chromium.problems).isEmpty();
      theRunIsStopped(run);
      String after = thePageOutlivesTheRun();
      assertThat(chromium.requests)
          .allMatch(r -> r.startsWith(url) || r.startsWith(after) || r.startsWith("data:"));
    } finally {
      run.destroyForcibly();
    }
  }

  /** Three workers for four shares: one of them has twice the work. */
  private Process demo() throws IOException {
    String output = runs.run("demo").toString();
    return runs.start(
        "demo", "demo", "--workers", "3", "--output", output, "--dashboard-port", "0");
  }

  private Process aShortRunBeside() throws IOException {
    return runs.start(
        "other",
        "train",
        runs.recipe().toString(),
        "--in-process",
        "--workers",
        "1",
        "--no-dashboard",
        "--set",
        "max_steps=5",
        "--set",
        "output_dir=" + runs.run("other"));
  }

  private void liveNumbersMove() {
    assertThat(page.locator("[data-card=loss]")).isVisible();
    String steps = "+document.querySelector('[role=progressbar]').getAttribute('aria-valuenow')";
    int first = ((Number) page.evaluate(steps)).intValue();
    page.waitForCondition(() -> ((Number) page.evaluate(steps)).intValue() > first + 2);
    assertThat(page.locator("#link")).hasText(Pattern.compile("live, \\d\\d:\\d\\d:\\d\\d"));
  }

  private void everyPage(String when) {
    for (String name : PAGES) {
      open(name);
      assertThat(page.locator("#main .state.error")).hasCount(0);
      chromium.picture(PICTURES.resolve(when + "-" + name + ".png"));
      Layout.fits(page, name);
    }
  }

  private void open(String name) {
    page.locator("#nav-" + name).click();
    assertThat(page.locator("#main h1")).hasText(Pattern.compile(name, Pattern.CASE_INSENSITIVE));
    assertThat(page.locator("#main .loading")).hasCount(0);
  }

  private void phasesAreShown() {
    open("steps");
    assertThat(page.locator("#main .phases")).hasCount(3);
    assertThat(page.locator("#main .phases").first())
        .hasAttribute(
            "aria-label", Pattern.compile("Data .*Forward .*Barrier .*Backward .*Push .*"));
    assertThat(page.locator("#main .legend .phase").allTextContents())
        .hasSize(7)
        .doesNotContain("")
        .doesNotHaveDuplicates();
  }

  /** In figures of this run, of which one worker's are made worse. */
  private void aStragglerIsMarked() {
    page.route("**/api/v1/steps?*", route -> answer(route, DashboardIT::makeAWorkerLate));
    try {
      open("steps");
      Locator late = page.locator("#main tr.marked", having("▲ straggler"));
      page.reload();
      assertThat(late).hasCount(1);
      assertThat(late.locator("td").first()).hasText("worker-1");
      assertThat(page.locator("#main .stat", having("Slow steps")).locator(".value")).hasText("1");
      assertThat(page.locator("[aria-label=steps] tr.marked")).hasCount(1);
      chromium.picture(PICTURES.resolve("straggler.png"));
    } finally {
      page.unroute("**/api/v1/steps?*");
    }
  }

  private static Page.LocatorOptions having(String text) {
    return new Page.LocatorOptions().setHasText(text);
  }

  /** Everybody works a tenth of a second, worker-1 one second and a half in the latest step. */
  private static void makeAWorkerLate(ObjectNode steps) {
    JsonNode latest = null;
    for (JsonNode step : steps.path("rows")) {
      ((ObjectNode) step).put("seconds", 0.2).put("skipped", false);
      latest = step.path("workers").isEmpty() ? latest : step;
    }
    ((ObjectNode) latest).put("seconds", 2);
    for (JsonNode worker : latest.path("workers")) {
      boolean late = worker.path("worker").asText().equals("worker-1");
      ((ObjectNode) worker).put("data", 0).put("backward", 0).put("forward", late ? 1.5 : 0.1);
    }
  }

  /** The server's own answer with a change. */
  private static void answer(Route route, Consumer<ObjectNode> change) {
    try {
      ObjectNode answer = (ObjectNode) JSON.readTree(route.fetch().text());
      change.accept(answer);
      route.fulfill(
          new Route.FulfillOptions()
              .setContentType("application/json")
              .setBody(JSON.writeValueAsString(answer)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void aSampleIsFound() {
    open("ledger");
    page.locator("#q").fill("needle");
    assertThat(page.locator("#main [role=status]").last())
        .hasText(Pattern.compile("1 match; as of step \\d+, from the .*"));
    page.locator("#main td a").click();
    assertThat(page.locator("#main h1")).hasText("hostile-1");
    assertHarmless("needle");
    chromium.picture(PICTURES.resolve("sample.png"));
  }

  /** Marks that turn text are shown, not obeyed; tags are text. */
  private void assertHarmless(String end) {
    String text = page.locator("#main .texts .text-box").last().textContent();
    assertThat(text)
        .startsWith("<script>alert('owned')</script><img src=x onerror=alert(1)> ⟨U+202E⟩")
        .endsWith(end);
    assertThat(page.locator("#main script, #main img")).hasCount(0);
    Layout.fits(page, "a hostile text");
  }

  /** The run trains on the beginning of that line; the page is given all of it. */
  private void aLongLineIsShown() {
    String question = "**/api/v1/samples/long-1?*";
    page.route(question, route -> answer(route, sample -> sample.put("completion", DemoRuns.LONG)));
    page.navigate(page.url().replaceAll("#.*", "#/ledger/long-1"));
    assertThat(page.locator("#main h1")).hasText("long-1");
    assertHarmless("a".repeat(1 << 20));
    page.screenshot(new Page.ScreenshotOptions().setPath(PICTURES.resolve("sample-long.png")));
    page.unroute(question);
  }

  private void nothingFoundAndAnErrorAreSaid() {
    open("ledger");
    page.locator("#q").fill("no text has these words");
    assertThat(page.locator("#main .state")).containsText("No sample matches");
    chromium.picture(PICTURES.resolve("state-empty.png"));

    page.route("**/api/v1/samples?*", Route::abort);
    page.locator("#q").fill("story");
    assertThat(page.locator("#main .state.error")).containsText("the server does not answer");
    chromium.picture(PICTURES.resolve("state-error.png"));
    page.unroute("**/api/v1/samples?*");
    page.locator("#main .state.error button").click();
    assertThat(page.locator("#main tbody tr").first()).isVisible();
    assertThat(chromium.problems).allMatch(problem -> problem.contains("ERR_FAILED"));
    chromium.problems.clear();
  }

  /** From the address to a rewrite's texts, and into a dialog and out of it, by keys alone. */
  private void theKeyboardIsEnough() {
    page.navigate(page.url().replaceAll("#.*", ""));
    page.reload();
    assertThat(page.locator("[data-card=loss]")).isVisible();
    page.keyboard().press("Tab");
    assertThat(page.locator(".skip")).isFocused();
    assertThat(page.locator(".skip")).isInViewport();
    chromium.tabTo("Tab", "#nav-rewrites", 20);
    page.keyboard().press("Enter");
    assertThat(page.locator("#main h1")).hasText("Rewrites");
    assertThat(page.locator("#main")).isFocused();
    assertThat(page.locator("details.rewrite").first()).isVisible();
    chromium.tabTo("Tab", "details.rewrite summary", 10);
    page.keyboard().press("Enter");
    Locator texts = page.locator("details.rewrite[open] .texts .text-box");
    assertThat(texts).hasCount(2);
    assertThat(texts.last()).isVisible();
    chromium.picture(PICTURES.resolve("rewrite.png"));

    chromium.tabTo("Shift+Tab", "#stop", 30);
    page.keyboard().press("Enter");
    assertThat(page.locator("#token")).isFocused();
    page.keyboard().press("Escape");
    assertThat(page.locator("dialog")).hasCount(0);
    assertThat(page.locator("#stop")).isFocused();
  }

  private void twoRunsAreLaidOverEachOther(String url) {
    page.navigate(url + "/#/runs");
    page.reload();
    Locator other = page.locator("[aria-label='show other']");
    assertThat(other).not().isChecked();
    String colour = "--c2";
    assertThat(Layout.drawn(page, "Weighted loss", colour)).as("colour of a second run").isFalse();
    other.focus();
    page.keyboard().press("Space");
    Locator samples = page.locator("#main .tools + .key .line-sample line");
    assertThat(samples).hasCount(2);
    assertThat(samples.first().getAttribute("stroke-dasharray"))
        .isNotEqualTo(samples.last().getAttribute("stroke-dasharray"));
    page.waitForCondition(() -> Layout.drawn(page, "Weighted loss", colour));
    for (String axis : List.of("tokens", "time")) {
      page.waitForResponse(
          answer -> answer.url().contains("x=" + axis) && answer.ok(),
          () -> page.locator(".segments button", having(axis)).click());
    }
    // Seconds, of both runs: tokens would be ten thousand and more.
    Locator zoomed = page.locator(".zoom [role=status]");
    page.waitForCondition(
        () -> {
          page.locator("[aria-label='show all']").click();
          page.locator("[aria-label='zoom in']").focus();
          page.keyboard().press("Enter");
          return zoomed.textContent().matches("[\\d,]+ to [\\d,]+ s");
        });
    page.locator("[aria-label='show all']").click();
    assertThat(zoomed).hasText("");
    chromium.picture(PICTURES.resolve("runs-overlaid.png"));
    Layout.fits(page, "two runs");
  }

  /** One of its own process beside the run. */
  private void aDashboardThatIsKilledAndComesBackIsNotNoticed(Process run) throws Exception {
    String output = runs.run("demo").toString();
    long before = steps();
    for (String log : List.of("first", "second")) {
      Process beside = runs.start(log, "dashboard", output, "--port", "0");
      try {
        assertThat(answer(runs.url(log, beside))).contains("committed_steps");
      } finally {
        beside.destroyForcibly();
      }
      assertThat(beside.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(run.isAlive()).isTrue();
      assertThat(steps()).isGreaterThan(before);
      before = steps();
    }
    assertThat(runs.said("demo")).doesNotContain("is lost");
    page.waitForCondition(() -> steps() > EPOCH_STEPS);
  }

  private long steps() {
    try (var lines = Files.lines(runs.run("demo").resolve("metrics.jsonl"))) {
      return lines.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String answer(String url) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(url + "/api/v1/runs"))
                .timeout(Duration.ofSeconds(20))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private void theRunIsStopped(Process run) throws Exception {
    Path file = runs.run("demo").resolve("dashboard-token");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    stopWith("not the token");
    assertThat(page.locator("dialog [role=alert]")).containsText("wrong");
    assertThat(run.isAlive()).isTrue();
    page.keyboard().press("Escape");
    assertThat(page.locator("dialog")).hasCount(0);
    stopWith(Files.readString(file).strip());
    assertThat(page.locator("dialog")).hasCount(0);
    assertThat(run.waitFor(60, TimeUnit.SECONDS)).as("the run ends").isTrue();
  }

  private void stopWith(String token) {
    page.locator("#stop").focus();
    page.keyboard().press("Enter");
    page.keyboard().type(token);
    page.keyboard().press("Enter");
  }

  /** Every page, dark and as wide as a phone too; then this process goes away as well. */
  private String thePageOutlivesTheRun() throws Exception {
    Process shown = runs.start("after", "dashboard", runs.run("demo").toString(), "--port", "0");
    try {
      String url = runs.url("after", shown);
      page.navigate(url);
      assertThat(page.locator("#run-state")).containsText("stopped");
      assertThat(page.locator("#link")).hasText("the run is over");
      // What came until here is the page of the run, whose server has gone.
      chromium.problems.clear();
      page.navigate(url + "/#/ledger/hostile-1");
      assertThat(page.locator("#main .chart canvas")).hasCount(2);
      Object light = background();
      chromium.look(1280, 900, ColorScheme.DARK);
      assertThat(background()).as("dark").isNotEqualTo(light);
      everyPage("dark");
      chromium.look(390, 844, ColorScheme.LIGHT);
      everyPage("phone");
      chromium.look(390, 844, ColorScheme.DARK);
      open("overview");
      chromium.picture(PICTURES.resolve("phone-dark-overview.png"));
      chromium.look(1280, 900, ColorScheme.LIGHT);
      assertThat(chromium.problems).isEmpty();
      shown.destroy();
      theLossOfTheServerIsSaid();
      return url;
    } finally {
      shown.destroy();
    }
  }

  private Object background() {
    return page.evaluate("getComputedStyle(document.body).backgroundColor");
  }

  private void theLossOfTheServerIsSaid() {
    assertThat(page.locator(".stale")).containsText("as of");
    assertThat(page.locator("#link")).containsText("connection lost");
    assertThat(page.locator("[data-card=loss]")).isVisible();
    chromium.picture(PICTURES.resolve("state-stale.png"));
    page.locator("#nav-steps").click();
    assertThat(page.locator("#main .state.error")).containsText("the server does not answer");
  }
}

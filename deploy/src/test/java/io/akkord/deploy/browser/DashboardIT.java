package io.akkord.deploy.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.deploy.Main;
import io.akkord.model.TestModels;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real browser before a real run: every page while it goes on, its end by the page's own button,
 * and every page again when all processes are gone. Pictures are in target/screenshots.
 */
class DashboardIT {
  private static final Path PICTURES = Path.of("target", "screenshots").toAbsolutePath();
  private static final Pattern URL = Pattern.compile("dashboard: (http://127\\.0\\.0\\.1:\\d+)");
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

  /** A demonstration that tries what it can. */
  private static final String HOSTILE =
      "<script>alert('owned')</script><img src=x onerror=alert(1)> \u202Eesrever\u202C & </td> needle";

  @TempDir static Path folder;

  @Test
  void aPersonSeesARunFromItsStartToLongAfterItsEnd() throws Exception {
    Optional<Path> chromium = Browser.installed();
    if (chromium.isEmpty()) {
      System.err.println(
          "SKIPPED: no Chromium (Debian: apt-get install chromium), no browser test");
    }
    assumeTrue(chromium.isPresent(), "Chromium is not installed");

    Process run = start("train", recipe().toString(), "--workers", "2", "--dashboard-port", "0");
    try (Browser browser = Browser.start(chromium.get(), folder.resolve("profile"))) {
      String url = url("train", run);
      browser.size(1280, 900, false);
      browser.open(url);
      liveNumbersMove(browser);
      everyPage(browser, "live");
      phasesAreShown(browser);
      aSampleIsFound(browser);
      aRewriteIsOpened(browser);
      theKeyboardIsEnough(browser);
      aDashboardThatIsKilledAndComesBackIsNotNoticed(run);
      theRunIsStopped(browser, run);
      assertThat(run.waitFor(60, TimeUnit.SECONDS)).as("the run ends").isTrue();
      assertThat(browser.problems.stream().filter(DashboardIT::isOurs)).isEmpty();

      Process shown = start("dashboard", folder.resolve("run").toString(), "--port", "0");
      try {
        String after = url("dashboard", shown);
        browser.open(after);
        browser.until(
            "the state", "document.querySelector('#run-state').textContent.includes('stopped')");
        // What came until here is the page of the run, whose server has gone.
        browser.problems.clear();
        everyPage(browser, "after");
        pictures(browser);
        assertThat(browser.problems).isEmpty();
        assertThat(browser.requests)
            .allMatch(r -> r.startsWith(url) || r.startsWith(after) || r.startsWith("data:"));
      } finally {
        shown.destroy();
      }
    } finally {
      run.destroyForcibly();
    }
  }

  /** The server went away while the page was open; browsers log that themselves. */
  private static boolean isOurs(String problem) {
    return !problem.contains("ERR_CONNECTION_REFUSED")
        && !problem.contains("ERR_INCOMPLETE_CHUNKED_ENCODING")
        && !problem.contains("ERR_CONNECTION_RESET")
        && !problem.contains("401 (Unauthorized)");
  }

  private static void liveNumbersMove(Browser browser) {
    browser.until("the first step", "document.querySelector('[data-card=loss]')");
    String steps = "document.querySelector('[role=progressbar]').getAttribute('aria-valuenow')";
    long first = browser.eval(steps).asLong();
    browser.until("a later step without a reload", "+" + steps + " > " + (first + 3));
    browser.until("it says live", "document.querySelector('#link').textContent.startsWith('live')");
  }

  private static void everyPage(Browser browser, String when) throws IOException {
    for (String page : PAGES) {
      browser.eval("location.hash = '#/" + page + "'");
      browser.until(
          page + " is drawn",
          "document.querySelector('#main h1') && document.querySelector('#main h1').textContent.toLowerCase() === '"
              + page
              + "' && !document.querySelector('#main .loading')");
      assertThat(browser.eval("document.querySelectorAll('#main .state.error').length").asInt())
          .as(page)
          .isZero();
      browser.picture(PICTURES.resolve(when + "-" + page + ".png"));
    }
  }

  private static void phasesAreShown(Browser browser) throws IOException {
    browser.eval("location.hash = '#/steps'");
    browser.until(
        "bars of both workers", "document.querySelectorAll('#main .phases').length === 2");
    assertThat(
            browser
                .eval("document.querySelector('#main .phases').getAttribute('aria-label')")
                .asText())
        .contains("Forward", "Backward", "Barrier");
    browser.picture(PICTURES.resolve("steps-phases.png"));
  }

  private static void aSampleIsFound(Browser browser) throws IOException {
    browser.eval("location.hash = '#/ledger'");
    browser.until("the search field", "document.querySelector('#q')");
    browser.eval(
        "(() => { const q = document.querySelector('#q'); q.value = 'needle'; q.dispatchEvent(new Event('input')); })()");
    browser.until(
        "one match",
        "document.querySelector('#main [role=status]')?.textContent.startsWith('1 match')");
    browser.eval("document.querySelector('#main td a').click()");
    browser.until("its page", "document.querySelector('#main h1').textContent === 'hostile-1'");
    browser.until("its visits", "document.querySelectorAll('#main .chart canvas').length > 0");
    String texts = browser.eval("document.querySelector('#main .texts').textContent").asText();
    assertThat(texts).contains("<script>alert").contains("onerror=alert(1)");
    assertThat(texts).as("marks that turn text are shown, not obeyed").contains("⟨U+202E⟩");
    assertThat(browser.eval("document.querySelectorAll('#main script, #main img').length").asInt())
        .isZero();
    browser.picture(PICTURES.resolve("sample.png"));
  }

  private static void aRewriteIsOpened(Browser browser) throws IOException {
    browser.eval("location.hash = '#/rewrites'");
    browser.until("a rewrite", "document.querySelector('details.rewrite')");
    browser.eval("document.querySelector('details.rewrite summary').click()");
    browser.until(
        "both texts", "document.querySelectorAll('details.rewrite .texts .text-box').length >= 2");
    browser.picture(PICTURES.resolve("rewrite.png"));
  }

  private static void theKeyboardIsEnough(Browser browser) {
    browser.eval("document.querySelector('#nav-overview').focus()");
    browser.press("Tab", 9);
    assertThat(browser.eval("document.activeElement.id").asText()).isEqualTo("nav-runs");
    browser.eval("document.activeElement.click()");
    browser.until(
        "Runs", "document.querySelector('#nav-runs').getAttribute('aria-current') === 'page'");
  }

  /** One of its own process beside the run. */
  private static void aDashboardThatIsKilledAndComesBackIsNotNoticed(Process run) throws Exception {
    String output = folder.resolve("run").toString();
    long before = steps();
    Process first = start("dashboard", output, "--port", "0");
    try {
      assertThat(answer(url("dashboard", first))).contains("committed_steps");
    } finally {
      first.destroyForcibly();
    }
    assertThat(first.waitFor(10, TimeUnit.SECONDS)).isTrue();
    long between = steps();
    Process second = start("dashboard", output, "--port", "0");
    try {
      assertThat(answer(url("dashboard", second))).contains("committed_steps");
    } finally {
      second.destroyForcibly();
      second.waitFor(10, TimeUnit.SECONDS);
    }
    assertThat(run.isAlive()).isTrue();
    assertThat(List.of(before, between, steps())).isSorted().doesNotHaveDuplicates();
    assertThat(Files.readString(folder.resolve("train.log"))).doesNotContain("is lost");
  }

  private static long steps() throws IOException {
    try (var lines = Files.lines(folder.resolve("run/metrics.jsonl"))) {
      return lines.count();
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

  private static void theRunIsStopped(Browser browser, Process run) throws Exception {
    Path file = folder.resolve("run/dashboard-token");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    stopWith(browser, "not the token");
    browser.until(
        "a refusal", "document.querySelector('dialog [role=alert]').textContent.includes('wrong')");
    assertThat(run.isAlive()).isTrue();
    browser.eval("document.querySelector('dialog').close()");
    stopWith(browser, Files.readString(file).strip());
    browser.until("the dialog closes", "!document.querySelector('dialog[open]')");
  }

  private static void stopWith(Browser browser, String token) {
    browser.until(
        "the button",
        "!document.querySelector('#stop').hidden && !document.querySelector('dialog')");
    browser.eval("document.querySelector('#stop').click()");
    browser.eval(
        "(() => { document.querySelector('#token').value = '%s'; document.querySelector('dialog button[type=submit]').click(); })()"
            .formatted(token));
  }

  /** For people: dark, and as wide as a phone. */
  private static void pictures(Browser browser) throws IOException {
    browser.size(1280, 900, true);
    for (String page : List.of("overview", "runs", "ledger", "steps", "actors", "logs")) {
      picture(browser, page, "dark-");
    }
    browser.eval("location.hash = '#/rewrites'");
    browser.until("a rewrite", "document.querySelector('details.rewrite')");
    browser.eval("document.querySelector('details.rewrite summary').click()");
    browser.picture(PICTURES.resolve("dark-rewrite.png"));
    browser.size(390, 844, false);
    for (String page : PAGES) {
      picture(browser, page, "phone-");
      assertThat(browser.eval("document.documentElement.scrollWidth").asInt())
          .as(page + " fits a phone")
          .isLessThanOrEqualTo(390);
    }
  }

  private static void picture(Browser browser, String page, String prefix) throws IOException {
    browser.eval("location.hash = '#/" + page + "'");
    browser.until(
        page,
        "document.querySelector('#main h1')?.textContent.toLowerCase() === '"
            + page
            + "' && !document.querySelector('#main .loading')");
    browser.picture(PICTURES.resolve(prefix + page + ".png"));
  }

  /** Long enough that only the button ends it. */
  private static Path recipe() throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<String> rows = new ArrayList<>();
    rows.add(
        json.createObjectNode()
            .put("id", "hostile-1")
            .put("origin", "foreign")
            .put("prompt", "Once")
            .put("completion", HOSTILE)
            .toString());
    rows.add(
        json.createObjectNode()
            .put("id", "long-1")
            .put("origin", "foreign")
            .put("prompt", "Once")
            .put("completion", "a ".repeat(1 << 19))
            .toString());
    try (var lines = Files.lines(TestModels.mixedStories())) {
      rows.addAll(lines.limit(238).collect(Collectors.toList()));
    }
    Files.write(folder.resolve("train.jsonl"), rows);
    try (var lines = Files.lines(TestModels.mixedStories())) {
      Files.write(folder.resolve("eval.jsonl"), lines.skip(900).limit(20).toList());
    }
    Path recipe = folder.resolve("recipe.yaml");
    Files.writeString(
        recipe,
        """
        model_name_or_path: %s
        train_file: train.jsonl
        eval_file: eval.jsonl
        output_dir: %s
        global_batch_size: 16
        micro_batch_size: 4
        logical_shards: 4
        max_steps: 100000
        max_length: 256
        too_long: truncate
        learning_rate: 5.0e-4
        rewrite: {warmup: 20, every: 40, fraction: 0.1, probability: 1.0, min_visits: 1, max_new_tokens: 120}
        eval_steps: 30
        save_steps: 40
        save_total_limit: 3
        """
            .formatted(TestModels.stories260K().toAbsolutePath(), folder.resolve("run")));
    return recipe;
  }

  private static Process start(String command, String... more) throws IOException {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(
        List.of("-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    words.addAll(List.of(Main.class.getName(), command));
    words.addAll(List.of(more));
    return new ProcessBuilder(words)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve(command + ".log").toFile())
        .start();
  }

  private static String url(String command, Process process) {
    Path log = folder.resolve(command + ".log");
    return Awaitility.await("the address of the dashboard")
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              Matcher found = URL.matcher(Files.readString(log));
              if (found.find()) {
                return Optional.of(found.group(1));
              }
              assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
              return Optional.<String>empty();
            },
            Optional::isPresent)
        .get();
  }
}

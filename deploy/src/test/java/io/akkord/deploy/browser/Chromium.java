package io.akkord.deploy.browser;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** The Chromium of this machine, headless, with one page and an empty profile. */
final class Chromium implements AutoCloseable {
  private static final List<String> ARGUMENTS =
      List.of(
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
          "--disable-dev-shm-usage",
          "--no-proxy-server");

  /** How long anything may take, on a busy machine too. */
  static final double DEADLINE_MILLIS = 120_000;

  private final Playwright playwright;
  private final Browser browser;

  /** The only page. */
  final Page page;

  /** What the page complained about, in order. */
  final List<String> problems = new CopyOnWriteArrayList<>();

  /** Every address it asked for. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  private Chromium(Playwright playwright, Path executable) {
    this.playwright = playwright;
    browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(executable)
                    .setHeadless(true)
                    .setArgs(ARGUMENTS));
    BrowserContext context =
        browser.newContext(new Browser.NewContextOptions().setViewportSize(1280, 900));
    context.setDefaultTimeout(DEADLINE_MILLIS);
    page = context.newPage();
    page.onConsoleMessage(
        message -> {
          if (List.of("error", "warning").contains(message.type())) {
            problems.add(message.text());
          }
        });
    page.onPageError(problems::add);
    page.onRequest(request -> requests.add(request.url()));
    page.onDialog(
        dialog -> {
          problems.add("a text of the data opened a dialog: " + dialog.message());
          dialog.dismiss();
        });
  }

  /** Where Chromium is installed, if it is. */
  static Optional<Path> installed() {
    return Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }

  static Chromium start(Path executable) {
    return new Chromium(
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))),
        executable);
  }

  void look(int width, int height, ColorScheme scheme) {
    page.setViewportSize(width, height);
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
  }

  /** The whole page as a picture, when charts have been drawn. */
  void picture(Path file) {
    page.waitForTimeout(200);
    page.screenshot(new Page.ScreenshotOptions().setPath(file).setFullPage(true));
  }

  /** Presses Tab, or Shift+Tab, until what is focused fits a selector. */
  void tabTo(String key, String selector, int atMost) {
    for (int i = 0; i < atMost; i++) {
      page.keyboard().press(key);
      if ((Boolean) page.evaluate("s => document.activeElement.matches(s)", selector)) {
        return;
      }
    }
    throw new AssertionError(
        "%d times %s did not come to %s but to %s"
            .formatted(atMost, key, selector, page.evaluate("document.activeElement.outerHTML")));
  }

  @Override
  public void close() {
    browser.close();
    playwright.close();
  }
}

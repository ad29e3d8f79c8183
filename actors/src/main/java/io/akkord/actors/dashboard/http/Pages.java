package io.akkord.actors.dashboard.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The files of the page: a fixed list, read once; what is asked for never becomes a path. */
final class Pages {
  private static final String WEB = "/io/akkord/actors/dashboard/web/";
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

  static final List<String> FILES =
      List.of(
          "index.html",
          "app.css",
          "app.js",
          "dom.js",
          "format.js",
          "data.js",
          "charts.js",
          "page-overview.js",
          "page-runs.js",
          "page-machines.js",
          "page-steps.js",
          "page-ledger.js",
          "page-rewrites.js",
          "page-record.js",
          "diff.js",
          "icon.svg");

  private final Map<String, Answer> files = new HashMap<>();

  Pages() {
    FILES.forEach(name -> files.put(name, file(WEB + name, name)));
    files.put("uPlot.esm.js", file(UPLOT + "uPlot.esm.js", "uPlot.esm.js"));
    files.put("uPlot.min.css", file(UPLOT + "uPlot.min.css", "uPlot.min.css"));
  }

  private static Answer file(String resource, String name) {
    try (InputStream in = Pages.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(resource + " is not in the build");
      }
      return new Answer(200, type(name), in.readAllBytes(), true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String type(String name) {
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "html" -> "text/html";
      case "css" -> "text/css";
      case "svg" -> "image/svg+xml";
      default -> "text/javascript";
    };
  }

  Optional<Answer> find(List<String> path) {
    return Optional.ofNullable(
        path.isEmpty()
            ? files.get("index.html")
            : path.size() == 1 ? files.get(path.get(0)) : null);
  }
}

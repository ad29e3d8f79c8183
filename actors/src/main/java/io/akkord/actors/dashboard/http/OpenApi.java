package io.akkord.actors.dashboard.http;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The routes in OpenAPI's words. */
final class OpenApi {
  private OpenApi() {}

  static Map<String, Object> of(List<Api.Route> routes) {
    Map<String, Map<String, Object>> paths = new LinkedHashMap<>();
    for (Api.Route route : routes) {
      paths
          .computeIfAbsent("/api/v1/" + route.path(), path -> new LinkedHashMap<>())
          .put(route.method().toLowerCase(Locale.ROOT), operation(route));
    }
    paths.put(
        "/api/v1/live",
        Map.of(
            "get",
            Map.of(
                "summary",
                "The overview as server-sent events, whenever it changed; a slow reader gets the latest only",
                "responses",
                Map.of("200", Map.of("description", "text/event-stream")))));
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("openapi", "3.0.3");
    document.put("info", Map.of("title", "Akkord dashboard", "version", "1"));
    document.put("paths", paths);
    return document;
  }

  private static Map<String, Object> operation(Api.Route route) {
    List<Object> parameters = new ArrayList<>();
    for (String part : route.path().split("/")) {
      if (part.startsWith("{")) {
        parameters.add(parameter(part.substring(1, part.length() - 1), "path", true));
      }
    }
    route.parameters().forEach(name -> parameters.add(parameter(name, "query", false)));
    if (route.method().equals("POST")) {
      parameters.add(parameter("X-Akkord-Token", "header", true));
    }
    Map<String, Object> operation = new LinkedHashMap<>();
    operation.put("summary", route.summary());
    operation.put("parameters", parameters);
    operation.put("responses", Map.of("200", Map.of("description", "application/json")));
    return operation;
  }

  private static Map<String, Object> parameter(String name, String in, boolean required) {
    return Map.of("name", name, "in", in, "required", required, "schema", Map.of("type", "string"));
  }
}

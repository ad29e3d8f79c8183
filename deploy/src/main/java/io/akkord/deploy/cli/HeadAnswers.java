package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.akkord.deploy.state.Answers;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Answers of a cluster's head: about its nodes, and the run it shows first. */
record HeadAnswers(ControlClient head) implements Answers {
  @Override
  public JsonNode get(List<String> path, Map<String, String> query) {
    return head.get(
        path.stream().map(HeadAnswers::encoded).collect(Collectors.joining("/"))
            + query.entrySet().stream()
                .map(e -> e.getKey() + "=" + encoded(e.getValue()))
                .collect(Collectors.joining("&", "?", "")));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public boolean live() {
    return true;
  }

  @Override
  public String place() {
    return "the cluster of the head at " + head.base();
  }

  @Override
  public void close() {}
}

package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.dashboard.HostileRun;
import io.akkord.actors.dashboard.RunSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Samples with a line of a megabyte, and of what costs most to write down. */
class HostileTextTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_BYTES = 250_000;

  @TempDir static Path run;
  private static RunSet runs;
  private static Api api;

  @BeforeAll
  static void write() throws IOException {
    HostileRun.write(run);
    runs = RunSet.around(run);
    runs.refresh();
    api = new Api(runs, System::currentTimeMillis);
  }

  @AfterAll
  static void close() {
    runs.close();
  }

  private JsonNode get(String... path) throws IOException {
    List<String> segments = new ArrayList<>(List.of("api", "v1"));
    segments.addAll(List.of(path));
    byte[] body = api.answer(new Question("GET", segments, Map.of(), Map.of())).body();
    assertThat(body.length).as("bytes of %s", segments).isLessThan(MOST_BYTES);
    assertThat(new String(body, StandardCharsets.UTF_8)).doesNotContain("\u0007", "\u001b");
    return JSON.readTree(body);
  }

  @Test
  void anAnswerStaysSmallAndSaysHowMuchThereIs() throws IOException {
    JsonNode script = get("samples", HostileRun.SCRIPT);
    String prompt = script.path("prompt").asText();
    assertThat(prompt).startsWith("<script>alert(1)</script> <script>").hasSizeGreaterThan(40_000);
    assertThat(prompt).matches("(?s).* … \\[the first 40,000 of 1,048,5\\d\\d characters]");
    assertThat(script.path("completion").asText()).isEqualTo(" a short answer");
    String marks = get("samples", HostileRun.MARKS).path("completion").asText();
    assertThat(marks).contains(" … [the first ", " characters]");
    assertThat(get("samples", HostileRun.SMALL).path("completion").asText())
        .contains("upon a time");
  }

  @Test
  void aRewrittenOneIsBoundedToo() throws IOException {
    JsonNode letters = get("samples", HostileRun.LETTERS);
    assertThat(letters.path("versions")).hasSize(1);
    assertThat(letters.path("original").asText()).contains("[the first ");
    assertThat(letters.at("/versions/0/before").asText()).contains("[the first ");
  }

  @Test
  void listsAreExcerpts() throws IOException {
    for (JsonNode row : get("samples").path("rows")) {
      assertThat(row.path("prompt").asText()).hasSizeLessThan(250);
      assertThat(row.path("completion").asText()).hasSizeLessThan(250);
    }
    assertThat(get("rewrites").path("rows")).hasSize(2);
  }
}

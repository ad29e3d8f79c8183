package io.akkord.actors.dashboard.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.dashboard.RunSet;
import io.akkord.actors.job.ClusterControl;
import io.akkord.actors.node.NodeBoards;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a head answers about its nodes before there is any run. */
class ClusterAnswersTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Api api =
      new Api(
          RunSet.empty(),
          () -> 5_000L,
          Optional.of(
              new ControlRoutes(
                  new ClusterControl(null, null, NodeBoards.twoNodesOneDead()), Path.of("."))));

  private JsonNode get(String path, String... query) throws IOException {
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < query.length; i += 2) {
      parameters.put(query[i], query[i + 1]);
    }
    Answer answer =
        api.answer(new Question("GET", List.of("api", "v1", path), parameters, Map.of()));
    JsonNode body = JSON.readTree(answer.body());
    JsonNode document = OpenApi.document();
    JsonNode schema =
        document
            .path("paths")
            .path("/api/v1/" + path)
            .at("/get/responses/200/content/application~1json/schema");
    assertThat(Shapes.wrong(document, schema, body)).isEmpty();
    return body;
  }

  private List<String> texts(String... query) throws IOException {
    return get("logs", query).path("rows").findValuesAsText("text");
  }

  @Test
  void linesOfAllNodesAreSortedByTimeAndThoseOfTheDeadAreAmongThem() throws IOException {
    JsonNode logs = get("logs");
    assertThat(logs.path("rows").findValuesAsText("text"))
        .containsExactly("alive begins", "dead begins", "the disk is slow", "the disk has gone");
    assertThat(logs.path("sources").toString()).isEqualTo("[\"alive\",\"dead\"]");
    assertThat(logs.path("actors").toString()).isEqualTo("[\"checkpointer\",\"node\"]");
    assertThat(get("nodes").path("rows").findValuesAsText("node")).containsExactly("alive");
  }

  @Test
  void theyAreFilteredByNodeByActorAndByTheLeastLevel() throws IOException {
    assertThat(texts("node", "dead"))
        .containsExactly("dead begins", "the disk is slow", "the disk has gone");
    assertThat(texts("node", "dea")).isEmpty();
    assertThat(texts("actor", "Checkpointer"))
        .containsExactly("the disk is slow", "the disk has gone");
    assertThat(texts("level", "warn")).containsExactly("the disk is slow", "the disk has gone");
    assertThat(texts("level", "error")).containsExactly("the disk has gone");
    assertThat(texts("level", "info")).hasSize(4);
    assertThat(texts("q", "SLOW")).containsExactly("the disk is slow");
    assertThatThrownBy(() -> get("logs", "level", "loud"))
        .hasMessageContaining("'loud'")
        .hasMessageContaining("debug, info, warn, error");
  }

  @Test
  void aLimitKeepsTheNewestAndSaysHowManyThereAre() throws IOException {
    JsonNode logs = get("logs", "limit", "1");
    assertThat(logs.path("rows").findValuesAsText("text")).containsExactly("the disk has gone");
    assertThat(logs.path("matching").asInt()).isEqualTo(4);
  }
}

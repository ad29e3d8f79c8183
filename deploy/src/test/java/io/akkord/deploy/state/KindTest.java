package io.akkord.deploy.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.model.UserError;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How many rows are asked for, and what is said of those that are not. */
class KindTest {
  private static final int PAGE = 50;

  private final Map<String, String> last = new HashMap<>();

  /** A page of so many samples, rewrites or steps as the server cuts it. */
  private Answers answers(int total) {
    return new Answers() {
      @Override
      public JsonNode get(List<String> path, Map<String, String> query) {
        last.clear();
        last.putAll(query);
        ObjectNode answer = new ObjectMapper().createObjectNode();
        ArrayNode rows = answer.putArray("rows");
        if (path.equals(List.of("steps"))) {
          answer.put("committed_steps", total);
          int count = Integer.parseInt(query.get("limit"));
          for (int i = Math.max(0, total - count); i < total; i++) {
            rows.addObject().put("step", i);
          }
          return answer;
        }
        answer.put("matching", total);
        int from = Integer.parseInt(query.get("page")) * PAGE;
        for (int i = from; i < Math.min(total, from + PAGE); i++) {
          rows.addObject().put("id", "sample-" + i % 700).put("n", i);
        }
        return answer;
      }

      @Override
      public boolean live() {
        return true;
      }

      @Override
      public String place() {
        return "a test";
      }

      @Override
      public void close() {}
    };
  }

  @Test
  void rowsAreAskedForUntilThereAreEnoughOrNoMore() {
    assertThat(Kind.SAMPLES.rows(answers(1_000), 101).list()).hasSize(150);
    assertThat(last).containsEntry("page", "2");
    Rows all = Kind.REWRITES.rows(answers(12_345), Integer.MAX_VALUE);
    assertThat(all.list()).hasSize(12_345);
    assertThat(all.complete()).isTrue();
  }

  @Test
  void whatCannotBeLookedAtIsSaid() {
    Rows samples = Kind.SAMPLES.rows(answers(30_000), Integer.MAX_VALUE);
    assertThat(samples.complete()).isFalse();
    assertThat(samples.note())
        .startsWith("only 10,000 of 30,000 samples were looked at: ")
        .contains("--filter id=ID");
    Rows steps = Kind.STEPS.rows(answers(2_000), Integer.MAX_VALUE);
    assertThat(steps.list()).hasSize(512);
    assertThat(steps.list().get(0).path("step").asInt()).isEqualTo(1_999);
    assertThat(steps.note()).contains("only 512 of 2,000 steps", "metrics.jsonl");
    assertThatThrownBy(() -> Kind.STEPS.find(answers(2_000), "7"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no step '7'")
        .hasMessageContaining("metrics.jsonl");
  }

  @Test
  void allRowsOfANameThatIsNotUniqueAreFound() {
    assertThat(Kind.REWRITES.find(answers(2_100), "sample-5"))
        .extracting(row -> row.path("n").asInt())
        .containsExactly(5, 705, 1_405);
    assertThat(Kind.REWRITES.unique()).isFalse();
  }

  @Test
  void aFilterOnIdOrOriginNarrowsDownWhatIsAskedFor() {
    List<RowFilter> filters = List.of(RowFilter.of("visits=3"), RowFilter.of("id=sample-3"));
    assertThat(RowFilter.part(filters)).isEqualTo("sample-3");
    assertThat(RowFilter.part(List.of(RowFilter.of("id!=sample-3")))).isEmpty();
    Kind.SAMPLES.rows(answers(10), 10, RowFilter.part(filters));
    assertThat(last).containsEntry("q", "sample-3");
  }
}

package io.akkord.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.UserError;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that pyarrow wrote hold the rows that went into them. */
class ParquetRowsTest {
  @TempDir Path folder;

  private static Path file(String name) {
    try {
      return Path.of(ParquetRowsTest.class.getResource("/parquet/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JsonNode expected(String name) throws IOException {
    return new ObjectMapper().readTree(file("expected.json").toFile()).get(name);
  }

  private static List<Demonstration> rows(Path file) {
    List<Demonstration> rows = new ArrayList<>();
    DataFile.read(file, rows::add);
    return rows;
  }

  @ParameterizedTest
  @ValueSource(strings = {"snappy", "gzip", "zstd", "none"})
  void everyCompressionGivesTheRowsThatWereWritten(String compression) throws IOException {
    List<Demonstration> rows = rows(file("text_" + compression + ".parquet"));
    JsonNode expected = expected("text");
    assertThat(rows).hasSize(expected.size());
    for (int i = 0; i < rows.size(); i++) {
      Demonstration row = rows.get(i);
      assertThat(row.line()).isEqualTo(i + 1);
      assertThat(row.id()).isEqualTo(expected.get(i).get("id").asText());
      assertThat(row.prompt()).isEqualTo(expected.get(i).get("prompt").asText());
      assertThat(row.completion()).isEqualTo(expected.get(i).get("completion").asText());
      assertThat(row.origin())
          .isEqualTo(expected.get(i).path("origin").asText("").replace("null", ""));
    }
  }

  @Test
  void listsOfMessagesAreConversations() throws IOException {
    List<Demonstration> rows = rows(file("messages.parquet"));
    JsonNode expected = expected("messages");
    assertThat(rows).hasSize(5);
    for (int i = 0; i < rows.size(); i++) {
      assertThat(new ObjectMapper().<JsonNode>valueToTree(rows.get(i).conversation().messages()))
          .isEqualTo(expected.get(i).get("messages"));
      assertThat(rows.get(i).id()).isEqualTo("" + i);
    }
  }

  @Test
  void listsOfNumbersAreTokenIds() throws IOException {
    List<Demonstration> rows = rows(file("ids.parquet"));
    JsonNode expected = expected("ids");
    for (int i = 0; i < 5; i++) {
      JsonNode row = new ObjectMapper().valueToTree(rows.get(i));
      assertThat(row.get("promptIds")).isEqualTo(expected.get(i).get("prompt_ids"));
      assertThat(row.get("completionIds")).isEqualTo(expected.get(i).get("completion_ids"));
      assertThat(rows.get(i).id()).isEqualTo("row-" + (i + 1));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "missing.parquet | , row 2: found keys [prompt]; a row has prompt/completion",
        "number.parquet | , row 1: completion must be text, found NUMBER",
        "empty_completion.parquet | , row 2: the completion is empty",
        "empty.parquet | ' holds no row'",
      })
  void aBadRowIsNamedWithItsFileAndColumn(String name, String problem) {
    assertThatThrownBy(() -> rows(file(name)))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(file(name) + problem);
  }

  @Test
  void aFileThatIsCutOffOrNoParquetIsAClearError() throws IOException {
    byte[] whole = Files.readAllBytes(file("text_none.parquet"));
    Path cut = Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(whole, 600));
    Path text = Files.writeString(folder.resolve("text.parquet"), "{\"text\": \"a\"}\n");
    for (Path bad : List.of(cut, text)) {
      assertThatThrownBy(() -> rows(bad))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith(
              bad + " is no whole Parquet file that can be read, behind row 0: ");
    }
    assertThatThrownBy(() -> rows(folder.resolve("absent.parquet")))
        .isInstanceOf(UserError.class)
        .hasMessage("data file %s does not exist".formatted(folder.resolve("absent.parquet")));
  }
}

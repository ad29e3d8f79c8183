package io.akkord.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonlReaderTest {
  private static final String GOOD = "{\"prompt\":\"p\",\"completion\":\"c\"}";

  @TempDir Path temp;

  private List<Demonstration> read(String... lines) {
    return readBytes(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
  }

  private List<Demonstration> readBytes(byte[] content) {
    try {
      Files.write(temp.resolve("rows.jsonl"), content);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return JsonlReader.readAll(temp.resolve("rows.jsonl"));
  }

  /** A bad second line. */
  private void refused(String bad, String... parts) {
    assertThatThrownBy(() -> read(GOOD, bad))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(temp.resolve("rows.jsonl") + ", line 2: ")
        .hasMessageContainingAll(parts);
  }

  @Test
  void promptAndCompletionStandAsTheyAre() {
    Demonstration row =
        read("{\"id\":\"a\",\"prompt\":\" p \",\"completion\":\"\\n c\",\"origin\":\"o\"}").get(0);
    assertThat(row.isText()).isTrue();
    assertThat(row.id()).isEqualTo("a");
    assertThat(row.prompt()).isEqualTo(" p ");
    assertThat(row.completion()).isEqualTo("\n c");
    assertThat(row.origin()).isEqualTo("o");
    assertThat(row.promptIds()).isNull();
  }

  @Test
  void anInstructionIsFollowedByItsInputAndANewlineEach() {
    List<Demonstration> rows =
        read(
            "{\"instruction\":\"Add\",\"input\":\"1 2\",\"output\":\"3\"}",
            "{\"instruction\":\"Sing\",\"input\":\"\",\"output\":\"la\"}",
            "{\"instruction\":\"Sing\",\"input\":null,\"output\":\"la\"}",
            "{\"instruction\":\"Sing\",\"output\":\"la\"}");
    assertThat(rows)
        .extracting(Demonstration::prompt)
        .containsExactly("Add\n1 2\n", "Sing\n", "Sing\n", "Sing\n");
    assertThat(rows).extracting(Demonstration::completion).containsExactly("3", "la", "la", "la");
  }

  @Test
  void plainTextIsACompletionWithoutPrompt() {
    Demonstration row = read("{\"text\":\"a story\"}").get(0);
    assertThat(row.prompt()).isEmpty();
    assertThat(row.completion()).isEqualTo("a story");
  }

  @Test
  void tokenIdsAreTakenAsTheyAre() {
    Demonstration row = read("{\"prompt_ids\":[1,2],\"completion_ids\":[3]}").get(0);
    assertThat(row.isText()).isFalse();
    assertThat(row.promptIds()).containsExactly(1, 2);
    assertThat(row.completionIds()).containsExactly(3);
  }

  @Test
  void blankLinesAreSkippedAndCountedAndRowsWithoutIdAreNamedByTheirLine() {
    List<Demonstration> rows = read(GOOD, "", "  ", GOOD, "");
    assertThat(rows).extracting(Demonstration::line).containsExactly(1, 4);
    assertThat(rows).extracting(Demonstration::id).containsExactly("line-1", "line-4");
    assertThat(rows).extracting(Demonstration::origin).containsExactly("", "");
  }

  @Test
  void windowsLineEndsAndAByteOrderMarkDoNoHarm() {
    assertThat(read("\ufeff" + GOOD + "\r", GOOD + "\r")).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"prompt\": \"p\",} | not valid JSON at column",
        "{\"prompt\": \"p\"      | not valid JSON at column",
        "{} {}                  | not valid JSON at column",
        "[1]                    | a JSON object is expected, found ARRAY",
        "\"text\"               | a JSON object is expected, found STRING",
        "{\"prompt\":\"p\"}     | found keys [prompt]; a row has prompt/completion, messages",
        "{\"text\":\"a \\ud83d b\"} | text holds half of a surrogate pair",
        "{\"prompt\":\"p\",\"completion\":\"\\ude00\"} | completion holds half of a surrogate",
        "{\"a\":1,\"b\":2}      | found keys [a, b]; a row has prompt/completion, messages",
        "{\"messages\":[]}      | messages must be a list of at least one message with role and content",
        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}]} | messages holds an answer alone",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]} | messages ends with the role user; the last",
        "{\"messages\":[{\"role\":\"bot\",\"content\":\"a\"}]} | messages[0].role is \"bot\"; allowed are system, dev",
        "{\"messages\":[{\"content\":\"a\"}]} | messages[0].role is missing; allowed are",
        "{\"messages\":[{\"role\":\"user\"}]} | messages[0].content is missing; it must be text",
        "{\"messages\":[{\"role\":\"user\",\"content\":\" \"}]} | messages[0].content is empty",
        "{\"messages\":[{\"role\":\"user\",\"content\":[1]}]} | messages[0].content must be text, found ARRAY",
        "{\"messages\":[\"a\"]} | messages[0] must be an object with role and content, found STRING",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"\"}]} | messages[1].content is empty",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}],\"tools\":1} | tools must be a list of functions, found NUMBER",
        "{\"prompt\":[{\"role\":\"user\",\"content\":\"a\"}],\"completion\":[{\"role\":\"user\",\"content\":\"b\"}]} | completion must hold one message of the assistant, found roles [user]",
        "{\"prompt\":[{\"role\":\"user\",\"content\":\"a\"}],\"completion\":\"b\"} | completion must be a list of at least one message",
        "{\"prompt\":\"p\",\"completion\":\"\"} | the completion is empty",
        "{\"instruction\":\"p\",\"output\":\"\"} | the completion is empty",
        "{\"text\":\"\"}        | the completion is empty",
        "{\"prompt\":\"p\",\"completion\":5} | completion must be text, found NUMBER",
        "{\"prompt\":null,\"completion\":\"c\"} | prompt must be text, found NULL",
        "{\"prompt_ids\":[1]}   | completion_ids must be a list with at least one token id",
        "{\"completion_ids\":[1]} | prompt_ids must be a list with at least one token id",
        "{\"prompt_ids\":[],\"completion_ids\":[1]} | prompt_ids must be a list with at least one",
        "{\"prompt_ids\":[1],\"completion_ids\":[]} | completion_ids must be a list with at least",
        "{\"prompt_ids\":[1,-2],\"completion_ids\":[1]} | prompt_ids[1] is -2, no token id",
        "{\"prompt_ids\":[1],\"completion_ids\":[1.5]} | completion_ids[0] is 1.5, no token id",
        "{\"prompt_ids\":[1],\"completion_ids\":[99999999999]} | [0] is 99999999999, no token id",
        "{\"id\":\"line-1\",\"text\":\"t\"} | id 'line-1' stands already in line 1; ids must differ",
        "{\"id\":\"\",\"text\":\"t\"} | id must be text or a number of 1 to 1000 characters",
        "{\"id\":{},\"text\":\"t\"} | id must be text or a number",
        "{\"origin\":[1],\"text\":\"t\"} | origin must be text or a number"
      })
  void aBadRowIsRefusedWithItsLineAndWhatWasFound(String row, String message) {
    refused(row, message);
  }

  @Test
  void anEndlessIdIsRefusedWithoutBeingPrinted() {
    refused("{\"id\":\"" + "x".repeat(70_000) + "\",\"text\":\"t\"}", "found 70000 of them");
  }

  @Test
  void anOriginMayBeEmptyOrNull() {
    assertThat(read("{\"origin\":\"\",\"text\":\"t\"}").get(0).origin()).isEmpty();
    assertThat(read("{\"origin\":null,\"text\":\"t\"}").get(0).origin()).isEmpty();
  }

  @Test
  void numbersMayBeIds() {
    assertThat(read("{\"id\":17,\"text\":\"t\"}").get(0).id()).isEqualTo("17");
  }

  @Test
  void bytesThatAreNotUtf8AreFoundInTheirLine() {
    byte[] bytes =
        (GOOD + "\n" + GOOD + "\n{\"text\":\"caf\u00e9\"}\n").getBytes(StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> readBytes(bytes))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("rows.jsonl, line 3: not UTF-8 text");
    byte[] cut = (GOOD + "\n{\"text\":\"caf\u00e9").getBytes(StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> readBytes(cut)).hasMessageContaining("line 2: not UTF-8 text");
  }

  @Test
  void filesThatHoldNoRowsAreRefused() {
    assertThatThrownBy(() -> read("", " "))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("rows.jsonl holds no row; one JSON object a line is expected");
    assertThatThrownBy(() -> JsonlReader.readAll(temp.resolve("absent.jsonl")))
        .isInstanceOf(UserError.class)
        .hasMessage("data file %s does not exist".formatted(temp.resolve("absent.jsonl")));
  }
}

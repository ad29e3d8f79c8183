package io.akkord.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.Reference;
import io.akkord.model.TestModels;
import io.akkord.model.UserError;
import io.akkord.model.data.TokenizeOptions.TooLong;
import io.akkord.model.hf.TextTokenizer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenFileTest {
  private static final TokenizeOptions OPTIONS = new TokenizeOptions(512, TooLong.ERROR, true);
  private static final String IDS = "{\"prompt_ids\":[5,6],\"completion_ids\":[7,8,9]}";

  private static final String VOCABULARY = "\"vocab_size\": ";

  @TempDir Path temp;
  private Path data;
  private Path cache;
  private Path model;
  private final List<String> notes = new ArrayList<>();

  @BeforeEach
  void namePlaces() {
    data = temp.resolve("rows.jsonl");
    cache = temp.resolve("cache").resolve("rows.tokens");
    model = TestModels.stories260K();
  }

  private TokenFile build(TokenizeOptions options, String... rows) throws IOException {
    Files.writeString(data, String.join("\n", rows) + "\n");
    return TokenFile.build(data, model, options, cache, notes::add);
  }

  private void refused(TokenizeOptions options, String row, String... parts) {
    assertThatThrownBy(() -> build(options, row))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(data.toString())
        .hasMessageContainingAll(parts);
    assertThat(cache.getParent()).isEmptyDirectory();
  }

  /** Another model folder with these files of the stories model. */
  private void modelWith(String... names) throws IOException {
    Path source = TestModels.stories260K();
    model = Files.createDirectory(temp.resolve("model"));
    for (String name : names) {
      Files.copy(source.resolve(name), model.resolve(name));
    }
  }

  /** When the cache was written last, set back so that a rebuild shows. */
  private FileTime setBack() throws IOException {
    Files.setLastModifiedTime(cache, FileTime.fromMillis(1_000_000_000_000L));
    return Files.getLastModifiedTime(cache);
  }

  @Test
  void everyRowOfTheDemosDataKeepsItsPromptAsPrefixAndEndsInEos() throws IOException {
    Path stories = TestModels.mixedStories();
    List<Demonstration> rows = JsonlReader.readAll(stories);
    try (TextTokenizer tokenizer = TextTokenizer.open(model);
        TokenFile file = TokenFile.build(stories, model, OPTIONS, cache, notes::add)) {
      assertThat(file.size()).isEqualTo(1000).isEqualTo(rows.size());
      assertThat(file.report().boundaryMerges()).isZero();
      assertThat(notes).isEmpty();
      long targets = 0;
      for (int i = 0; i < file.size(); i++) {
        Demonstration row = rows.get(i);
        TokenizedSample sample = file.sample(i);
        int[] joined = tokenizer.encode(row.prompt() + row.completion(), true);
        int[] expected = Arrays.copyOf(joined, joined.length + 1);
        expected[joined.length] = 2;
        assertThat(sample.promptIds()).containsExactly(tokenizer.encode(row.prompt(), true));
        assertThat(joined(sample)).containsExactly(expected);
        assertThat(file.id(i)).isEqualTo(row.id());
        assertThat(file.origin(i)).isEqualTo(row.origin());
        assertThat(file.indexOf(row.id())).hasValue(i);
        assertThat(file.targetTokens(i)).isEqualTo(sample.completionIds().length);
        targets += sample.completionIds().length;
      }
      assertThat(file.report().targetTokens()).isEqualTo(targets);
    }
  }

  private static int[] joined(TokenizedSample sample) {
    int[] all = Arrays.copyOf(sample.promptIds(), sample.length());
    int prompt = sample.promptIds().length;
    System.arraycopy(sample.completionIds(), 0, all, prompt, sample.completionIds().length);
    return all;
  }

  @Test
  void givenIdsAreNotTouchedAndNeedNoTokenizer() throws IOException {
    modelWith("config.json");
    try (TokenFile file = build(OPTIONS, IDS)) {
      assertThat(file.sample(0).promptIds()).containsExactly(5, 6);
      assertThat(file.sample(0).completionIds()).containsExactly(7, 8, 9);
      assertThat(file.report()).isEqualTo(new TokenizeReport(1, 0, 0, 0, 2, 3));
      assertThat(file.indexOf("nobody")).isEmpty();
    }
  }

  @Test
  void idsOutsideTheVocabularyAreRefused() {
    refused(
        OPTIONS,
        "{\"id\":\"far\",\"prompt_ids\":[5,512],\"completion_ids\":[7]}",
        "line 1 (id far): prompt_ids[1] is 512, but the model's vocabulary ends at 511");
    refused(
        OPTIONS,
        "{\"prompt_ids\":[5],\"completion_ids\":[600]}",
        "completion_ids[0] is 600, but the model's vocabulary ends at 511");
  }

  @Test
  void aTokenizerLargerThanTheModelIsNoticed() throws IOException {
    modelWith("tokenizer.json", "tokenizer_config.json");
    String config = Files.readString(TestModels.stories260K().resolve("config.json"));
    Files.writeString(
        model.resolve("config.json"), config.replace(VOCABULARY + 512, VOCABULARY + 400));
    refused(OPTIONS, "{\"text\":\"Once upon a time\"}", "the model's vocabulary ends at 399");
  }

  @Test
  void textWithoutTokenizerSaysWhatCanBeDone() throws IOException {
    modelWith("config.json");
    refused(
        OPTIONS,
        "{\"text\":\"t\"}",
        "line 1 (id line-1): text needs a tokenizer.json in the model folder, or prompt_ids");
  }

  @Test
  void anEmptyPromptNeedsABeginningOfSequenceToken() throws IOException {
    try (TokenFile file = build(OPTIONS, "{\"text\":\"Once\"}")) {
      assertThat(file.sample(0).promptIds()).containsExactly(1);
      assertThat(file.sample(0).completionIds()).containsExactly(403, 2);
    }
    Files.delete(cache);
    model = Reference.path("text/minimind2-small");
    refused(OPTIONS, "{\"text\":\"t\"}", "the tokenizer adds no beginning-of-sequence token");
  }

  @Test
  void eosIsAppendedOnceAndOnlyIfWanted() throws IOException {
    String plain = "{\"prompt\":\"Once\",\"completion\":\" upon\"}";
    String ended = "{\"prompt\":\"Once\",\"completion\":\" upon</s>\"}";
    try (TokenFile file = build(OPTIONS, plain, ended)) {
      assertThat(file.sample(0).completionIds()).containsExactly(407, 2);
      assertThat(file.sample(1).completionIds()).containsExactly(407, 2);
    }
    try (TokenFile file = build(new TokenizeOptions(512, TooLong.ERROR, false), plain)) {
      assertThat(file.sample(0).completionIds()).containsExactly(407);
    }
  }

  @Test
  void aPromptThatWouldMergeWithItsCompletionIsEncodedApartAndReported() throws IOException {
    String merging = "{\"prompt\":\"Once up\",\"completion\":\"on a time\"}";
    try (TokenFile file = build(OPTIONS, merging);
        TextTokenizer tokenizer = TextTokenizer.open(model)) {
      assertThat(file.report().boundaryMerges()).isEqualTo(1);
      assertThat(file.sample(0).promptIds()).containsExactly(tokenizer.encode("Once up", true));
      assertThat(notes).singleElement().asString().contains("in 1 rows", "encoded apart");
    }
  }

  @Test
  void aLongSampleStopsTheRunUnlessToldOtherwise() {
    refused(
        new TokenizeOptions(4, TooLong.ERROR, true),
        IDS,
        "line 1 (id line-1): the sample has 5 tokens, max_length is 4; raise max_length or set");
  }

  @Test
  void longSamplesAreDroppedAndCounted() throws IOException {
    String fits = "{\"id\":\"fits\",\"prompt_ids\":[1],\"completion_ids\":[2,3,4]}";
    try (TokenFile file = build(new TokenizeOptions(4, TooLong.DROP, true), IDS, fits)) {
      assertThat(file.size()).isEqualTo(1);
      assertThat(file.id(0)).isEqualTo("fits");
      assertThat(file.sample(0).index()).isZero();
      assertThat(file.report()).isEqualTo(new TokenizeReport(2, 1, 0, 0, 1, 3));
    }
    assertThat(notes)
        .singleElement()
        .asString()
        .contains("1 of 2 samples are longer than max_length 4 and were dropped");
  }

  @Test
  void longCompletionsAreCutAndCountedAndAPromptThatFillsAllIsDropped() throws IOException {
    String full = "{\"prompt_ids\":[1,2,3,4],\"completion_ids\":[2]}";
    try (TokenFile file = build(new TokenizeOptions(4, TooLong.TRUNCATE, true), IDS, full)) {
      assertThat(file.size()).isEqualTo(1);
      assertThat(file.sample(0).completionIds()).containsExactly(7, 8);
      assertThat(file.report()).isEqualTo(new TokenizeReport(2, 1, 1, 0, 2, 2));
    }
    assertThat(notes).hasSize(2);
    assertThat(notes.get(1)).contains("1 of 2 completions were cut at max_length 4");
  }

  @Test
  void aFileOfWhichNothingIsLeftIsRefused() {
    refused(
        new TokenizeOptions(3, TooLong.DROP, true),
        IDS,
        "none of its 1 rows is left to train on (1 were longer than max_length)");
  }

  @Test
  void anUnchangedFileIsNotTokenizedAgainButItsNotesAreToldAgain() throws IOException {
    TokenizeOptions cut = new TokenizeOptions(4, TooLong.TRUNCATE, true);
    String key;
    try (TokenFile file = build(cut, IDS)) {
      key = file.sha256();
    }
    FileTime written = setBack();
    try (TokenFile file = build(cut, IDS)) {
      assertThat(file.sha256()).isEqualTo(key).hasSize(64);
      assertThat(file.sample(0).completionIds()).containsExactly(7, 8);
    }
    assertThat(Files.getLastModifiedTime(cache)).isEqualTo(written);
    assertThat(notes).hasSize(2);
    assertThat(notes.get(1)).isEqualTo(notes.get(0));
    assertThat(cache.getParent()).isDirectoryContaining(cache::equals);
  }

  @Test
  void changedDataOrOptionsOrModelAreTokenizedAgain() throws IOException {
    modelWith("config.json");
    List<String> keys = new ArrayList<>();
    try (TokenFile file = build(OPTIONS, IDS)) {
      keys.add(file.sha256());
    }
    FileTime written = setBack();
    try (TokenFile file = build(OPTIONS, IDS.replace('9', '3'))) {
      keys.add(file.sha256());
      assertThat(file.sample(0).completionIds()).containsExactly(7, 8, 3);
    }
    assertThat(Files.getLastModifiedTime(cache)).isNotEqualTo(written);
    try (TokenFile file = build(new TokenizeOptions(4, TooLong.TRUNCATE, true), IDS)) {
      keys.add(file.sha256());
      assertThat(file.sample(0).length()).isEqualTo(4);
    }
    String config = Files.readString(model.resolve("config.json"));
    Files.writeString(
        model.resolve("config.json"), config.replace(VOCABULARY + 512, VOCABULARY + 8));
    assertThatThrownBy(() -> build(OPTIONS, IDS)).hasMessageContaining("vocabulary ends at 7");
    assertThat(keys).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 7, 16, 60, 150, -1})
  void aTruncatedCacheIsRebuilt(long size) throws IOException {
    build(OPTIONS, IDS).close();
    try (RandomAccessFile file = new RandomAccessFile(cache.toFile(), "rw")) {
      file.setLength(size < 0 ? file.length() - 1 : size);
    }
    assertThatThrownBy(() -> TokenFile.open(cache))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("token file " + cache + " cannot be read");
    try (TokenFile file = build(OPTIONS, IDS)) {
      assertThat(file.sample(0).completionIds()).containsExactly(7, 8, 9);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 8, 12, 15, 16, 114, 115, 116, 117})
  void aCacheWithADamagedHeadIsRebuilt(int at) throws IOException {
    build(OPTIONS, IDS).close();
    byte[] bytes = Files.readAllBytes(cache);
    bytes[at] ^= (byte) 0x85;
    Files.write(cache, bytes);
    try (TokenFile file = build(OPTIONS, IDS)) {
      assertThat(file.size()).isEqualTo(1);
      assertThat(file.sample(0).promptIds()).containsExactly(5, 6);
      assertThat(file.sample(0).completionIds()).containsExactly(7, 8, 9);
    }
  }

  @Test
  void aCacheThatIsNotThereIsAUserError() {
    assertThatThrownBy(() -> TokenFile.open(cache))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("delete it and start again");
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamed() throws IOException {
    Files.writeString(temp.resolve("cache"), "a file, not a folder");
    assertThatThrownBy(() -> build(OPTIONS, IDS))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the token file " + cache + " cannot be written");
  }

  @Test
  void aTokenizerThatEndsEveryTextWithEosDoesNotEndThePrompt() throws IOException {
    modelWith("config.json", "tokenizer_config.json");
    TestModels.writeTokenizerThatAppendsEos(model.resolve("tokenizer.json"));
    String row = "{\"prompt\":\"Once\",\"completion\":\" upon\"}";
    try (TokenFile file = build(OPTIONS, row)) {
      assertThat(file.sample(0).promptIds()).containsExactly(1, 403);
      assertThat(file.sample(0).completionIds()).containsExactly(407, 2);
      assertThat(file.report().boundaryMerges()).isZero();
    }
    try (TokenFile file = build(new TokenizeOptions(512, TooLong.ERROR, false), row)) {
      assertThat(file.sample(0).completionIds()).containsExactly(407);
    }
  }

  @Test
  void severalThatTokenizeTheSameFileAtOnceDoNotHarmEachOther() throws Exception {
    Path stories = TestModels.mixedStories();
    ExecutorService pool = Executors.newFixedThreadPool(3);
    try {
      List<Future<TokenFile>> builds = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        builds.add(pool.submit(() -> TokenFile.build(stories, model, OPTIONS, cache, note -> {})));
      }
      for (Future<TokenFile> build : builds) {
        try (TokenFile file = build.get()) {
          assertThat(file.size()).isEqualTo(1000);
          assertThat(file.sample(999).length()).isGreaterThan(1);
        }
      }
    } finally {
      pool.shutdown();
    }
    assertThat(cache.getParent()).isDirectoryNotContaining(path -> !path.equals(cache));
  }
}

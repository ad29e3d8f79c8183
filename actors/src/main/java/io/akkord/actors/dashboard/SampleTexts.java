package io.akkord.actors.dashboard;

import io.akkord.model.UserError;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.TextTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The samples of a run as text. */
public final class SampleTexts implements AutoCloseable {
  private final TokenFile samples;
  private final TextTokenizer tokenizer;
  private List<String> origins;

  private SampleTexts(TokenFile samples, TextTokenizer tokenizerOrNull) {
    this.samples = samples;
    this.tokenizer = tokenizerOrNull;
  }

  /**
   * Opens the samples of a run folder.
   *
   * @param model where the tokenizer is looked for if the run has no copy of its own yet
   * @throws UserError if the token file is missing
   */
  public static SampleTexts open(Path runFolder, Path model) {
    Path file = runFolder.resolve(".tokens").resolve("train.tokens");
    if (!Files.isRegularFile(file)) {
      throw new UserError(
          "%s is missing, so the samples have no names and no text; akkord train RECIPE --resume writes it again"
              .formatted(file));
    }
    TokenFile samples = TokenFile.open(file);
    try {
      return new SampleTexts(samples, tokenizer(runFolder, model));
    } catch (RuntimeException e) {
      samples.close();
      throw e;
    }
  }

  private static TextTokenizer tokenizer(Path... places) {
    for (Path place : places) {
      if (Files.isRegularFile(place.resolve("tokenizer.json"))
          && Files.isRegularFile(place.resolve("config.json"))) {
        return TextTokenizer.open(place);
      }
    }
    return null;
  }

  /** Ids, origins and tokens. */
  public TokenFile samples() {
    return samples;
  }

  /** Origins of samples in alphabetical order, the first so many; none has no name. */
  synchronized List<String> origins(int limit) {
    if (origins == null) {
      TreeSet<String> all = new TreeSet<>();
      for (int sample = 0; sample < samples.size(); sample++) {
        all.add(samples.origin(sample));
      }
      all.remove("");
      origins = List.copyOf(all);
    }
    return origins.subList(0, Math.min(limit, origins.size()));
  }

  /** The prompt's text. */
  public String prompt(TokenizedSample sample) {
    return text(sample.promptIds());
  }

  /**
   * The text of a completion behind its prompt. Both are decoded together, as a completion alone
   * would lose the space at its beginning.
   */
  public String completion(int[] promptIds, int[] completionIds) {
    String prompt = text(promptIds);
    int[] both = Arrays.copyOf(promptIds, promptIds.length + completionIds.length);
    System.arraycopy(completionIds, 0, both, promptIds.length, completionIds.length);
    String whole = text(both);
    return whole.startsWith(prompt) ? whole.substring(prompt.length()) : text(completionIds);
  }

  /** Text of token ids, or the ids themselves where there is no tokenizer. */
  public String text(int[] ids) {
    return tokenizer == null
        ? Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ", " ", ""))
        : tokenizer.decode(ids, true);
  }

  @Override
  public void close() {
    samples.close();
    if (tokenizer != null) {
      tokenizer.close();
    }
  }
}

package io.akkord.deploy.cli;

import io.akkord.model.UserError;
import io.akkord.model.data.DataFile;
import io.akkord.model.data.Demonstration;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizeOptions;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.hf.TextTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What is in a data file: rows, lengths, duplicates, origins, and the rows a run would refuse. */
final class DataCheck {
  private static final int SHOWN = 3;
  private static final int SHOWN_CHARACTERS = 160;
  private static final Map<Double, String> QUANTILES =
      new TreeMap<>(
          Map.of(0.0, "shortest", 0.5, "median", 0.9, "90 %", 0.99, "99 %", 1.0, "longest"));

  private final Findings findings;
  private final Path file;
  private final Path model;
  private final int maxLength;

  /** Rows as read, without their texts. */
  private int rows;

  private int textRows;
  private int chatRows;
  private int withoutPrompt;
  private final Map<String, Integer> lineOfContent = new HashMap<>();
  private final TreeMap<Integer, Integer> duplicates = new TreeMap<>();
  private final TreeMap<String, Integer> origins = new TreeMap<>();

  DataCheck(Findings findings, Path file, Path model, int maxLength) {
    this.findings = findings;
    this.file = file;
    this.model = model;
    this.maxLength = maxLength;
  }

  /** Prints everything found. */
  void run() throws IOException {
    Path cache = Files.createTempFile("akkord-", ".tokens");
    try (BadRows bad = new BadRows(file)) {
      try (TokenFile tokens = tokens(bad, cache)) {
        bad.read(this::readRows);
        rows(bad);
        duplicates();
        origins();
        lengths(tokens);
        samples(tokens);
      }
    } finally {
      Files.deleteIfExists(cache);
    }
  }

  private TokenFile tokens(BadRows bad, Path cache) throws IOException {
    TokenizeOptions any =
        new TokenizeOptions(Integer.MAX_VALUE, TokenizeOptions.TooLong.ERROR, true);
    try {
      return bad.read(
          source ->
              TokenFile.build(
                  source,
                  model,
                  any,
                  cache,
                  note -> findings.warn("%s", note.replace(source.toString(), file.toString()))));
    } catch (UserError e) {
      bad.problems().values().forEach(problem -> findings.fail("%s", problem));
      throw e;
    }
  }

  private Void readRows(Path source) {
    DataFile.read(source, this::row);
    return null;
  }

  private void row(Demonstration row) {
    rows++;
    textRows += row.isText() ? 1 : 0;
    chatRows += row.isChat() ? 1 : 0;
    withoutPrompt += row.isText() && row.prompt().isEmpty() ? 1 : 0;
    origins.merge(row.origin().isEmpty() ? "(not given)" : row.origin(), 1, Integer::sum);
    Integer earlier = lineOfContent.putIfAbsent(fingerprint(row), row.line());
    if (earlier != null) {
      duplicates.put(row.line(), earlier);
    }
  }

  /** Prompt and completion, told apart, of text and ids alike. */
  private static String fingerprint(Demonstration row) {
    MessageDigest sha;
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
    String prompt = "";
    String completion;
    if (row.isChat()) {
      completion = row.conversation().toString();
    } else {
      prompt = row.isText() ? row.prompt() : Arrays.toString(row.promptIds());
      completion = row.isText() ? row.completion() : Arrays.toString(row.completionIds());
    }
    sha.update((prompt.length() + ":" + prompt + completion).getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(sha.digest());
  }

  private void rows(BadRows bad) {
    findings.ok(
        "%s: %d good rows: %d of prompt and completion, %d of messages, %d of text alone, %d of token ids",
        file, rows, textRows - withoutPrompt, chatRows, withoutPrompt, rows - textRows - chatRows);
    if (!bad.problems().isEmpty()) {
      findings.fail(
          "bad rows: %d; a run refuses the file until they are mended:", bad.problems().size());
      bad.problems().values().forEach(problem -> findings.fail("%s", problem));
    }
  }

  private void duplicates() {
    if (duplicates.isEmpty()) {
      findings.ok("no text stands twice");
      return;
    }
    String some =
        duplicates.entrySet().stream()
            .limit(SHOWN)
            .map(e -> "line %d = line %d".formatted(e.getKey(), e.getValue()))
            .collect(Collectors.joining(", "));
    findings.warn(
        "rows that repeat an earlier one: %d (%s%s); they count as samples of their own",
        duplicates.size(), some, duplicates.size() > SHOWN ? ", …" : "");
  }

  private void origins() {
    findings.ok(
        "origins: %s",
        origins.entrySet().stream()
            .map(e -> e.getKey() + " " + e.getValue())
            .collect(Collectors.joining(", ")));
  }

  private void lengths(TokenFile tokens) {
    int[] whole = new int[tokens.size()];
    int[] target = new int[tokens.size()];
    int promptTooLong = 0;
    for (int i = 0; i < tokens.size(); i++) {
      TokenizedSample sample = tokens.sample(i);
      whole[i] = sample.length();
      target[i] = sample.completionIds().length;
      promptTooLong += sample.promptIds().length >= maxLength ? 1 : 0;
    }
    Arrays.sort(whole);
    Arrays.sort(target);
    findings.ok("tokens of a sample: %s", quantiles(whole));
    findings.ok(
        "target tokens of a sample: %s; %,d in all",
        quantiles(target), Arrays.stream(target).asLongStream().sum());
    long tooLong = Arrays.stream(whole).filter(length -> length > maxLength).count();
    if (tooLong == 0) {
      findings.ok("all samples fit into max_length %d", maxLength);
    } else {
      findings.warn(
          "%d of %d samples are longer than max_length %d, %d of them by their prompt alone; a run stops there unless too_long is drop or truncate",
          tooLong, whole.length, maxLength, promptTooLong);
    }
  }

  /** Nearest rank of sorted values. */
  static String quantiles(int[] sorted) {
    return QUANTILES.entrySet().stream()
        .map(
            q -> {
              int rank = Math.max(1, (int) Math.ceil(q.getKey() * sorted.length));
              return "%s %d".formatted(q.getValue(), sorted[rank - 1]);
            })
        .collect(Collectors.joining(", "));
  }

  /** The first few as the model sees them: prompt in brackets, as it is masked. */
  private void samples(TokenFile tokens) {
    boolean text = Files.isRegularFile(model.resolve("tokenizer.json"));
    try (TextTokenizer tokenizer = text ? TextTokenizer.open(model) : null) {
      for (int i = 0; i < Math.min(SHOWN, tokens.size()); i++) {
        TokenizedSample sample = tokens.sample(i);
        findings.ok(
            "%s: [masked: %s] %s",
            tokens.id(i),
            shown(tokenizer, sample.promptIds()),
            shown(tokenizer, sample.completionIds()));
      }
    }
  }

  /** Special tokens are shown: a missing BOS or a doubled EOS is what one looks for here. */
  private static String shown(TextTokenizer tokenizer, int[] ids) {
    String text = tokenizer == null ? Arrays.toString(ids) : tokenizer.decode(ids, false);
    String line = text.replace("\n", "\\n");
    int end = line.length() - SHOWN_CHARACTERS / 2;
    return line.length() <= SHOWN_CHARACTERS
        ? line
        : line.substring(0, SHOWN_CHARACTERS / 2) + " … " + line.substring(end);
  }
}

package io.akkord.deploy.cli;

import io.akkord.model.UserError;
import io.akkord.model.engine.GenerateOptions;
import io.akkord.model.hf.TextTokenizer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Continues a prompt. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = "Continues a prompt; the same seed gives the same text.")
final class GenerateCommand implements Callable<Integer> {
  @Mixin private ModelOptions model;

  @Option(
      names = "--prompt",
      defaultValue = "",
      description = "text to continue (default: empty, from the beginning-of-sequence token)")
  private String prompt;

  @Option(
      names = "--max-new-tokens",
      defaultValue = "200",
      paramLabel = "N",
      description = "(default: ${DEFAULT-VALUE})")
  private int maxNewTokens;

  @Option(
      names = "--temperature",
      defaultValue = "0",
      description = "0 takes the most probable token (default: ${DEFAULT-VALUE})")
  private double temperature;

  @Option(
      names = "--top-p",
      defaultValue = "0.9",
      description = "nucleus mass (default: ${DEFAULT-VALUE})")
  private double topP;

  @Option(names = "--seed", defaultValue = "42", description = "(default: ${DEFAULT-VALUE})")
  private long seed;

  @Option(names = "--ignore-eos", description = "go on after an end-of-sequence token")
  private boolean ignoreEos;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    try (ModelOptions.Opened opened = model.open();
        TextTokenizer tokenizer = opened.tokenizer()) {
      int[] ids = tokenizer.encodeBeginning(prompt);
      if (ids.length == 0) {
        throw new UserError(
            "--prompt is empty and this model's tokenizer adds no beginning-of-sequence token; give a prompt");
      }
      int room = opened.engine().maxLength() - ids.length;
      if (room < 1) {
        throw new UserError(
            "--prompt has %d tokens, the limit is %d; shorten it or raise --max-length"
                .formatted(ids.length, opened.engine().maxLength()));
      }
      GenerateOptions options =
          new GenerateOptions(
              temperature,
              topP,
              Math.min(maxNewTokens, room),
              ignoreEos ? List.of() : opened.config().eosTokenIds());
      double[][] uniforms = {new SplittableRandom(seed).doubles(options.maxNewTokens()).toArray()};
      int[] completion =
          opened.onDevice(engine -> engine.generate(List.of(ids), options, uniforms)).get(0);
      spec.commandLine().getOut().println(text(tokenizer, ids, completion));
      return 0;
    }
  }

  /** Decoded together: a completion alone would lose the space at its beginning. */
  private static String text(TextTokenizer tokenizer, int[] prompt, int[] completion) {
    int[] all = java.util.Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, all, prompt.length, completion.length);
    return tokenizer.decode(all, true);
  }
}

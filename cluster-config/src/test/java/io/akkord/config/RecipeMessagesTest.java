package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person reads when a recipe is wrong. */
class RecipeMessagesTest {
  @TempDir Path temp;
  private RecipeFolder folder;

  @BeforeEach
  void folder() {
    folder = RecipeFolder.in(temp);
  }

  private String message(String more, String... sets) {
    return messageOf(RecipeFolder.REQUIRED + more, sets);
  }

  private String messageOf(String text, String... sets) {
    Throwable thrown = catchThrowable(() -> folder.readText(text, sets));
    assertThat(thrown).isInstanceOf(UserError.class);
    return thrown.getMessage();
  }

  @Test
  void anUnknownKeyNamesItsLineAndTheNearestKey() {
    assertThat(message("learning_rat: 1e-4\n"))
        .isEqualTo(
            "recipe.yaml: 1 problem\n"
                + "  recipe.yaml:4 learning_rat: unknown key; did you mean `learning_rate`?");
  }

  @ParameterizedTest
  @CsvSource({
    "rewrite.warmpu, rewrite.warmup",
    "temperature, rewrite.temperature",
    "cadft.bta, cadft.beta",
    "rewrite.beta, cadft.beta",
    "per_device_train_batch_size, micro_batch_size",
    "max_seq_length, max_length",
    "lr, learning_rate",
    "gradient_checkpoint, gradient_checkpointing"
  })
  void theNearestKeyIsFoundAcrossSectionsAndOtherTrainers(String given, String meant) {
    assertThat(message("", given + "=1"))
        .contains("--set " + given + ": unknown key; did you mean `" + meant + "`?");
  }

  @Test
  void aKeyThatIsNearNoneListsThemAll() {
    assertThat(message("colour_of_the_sky: blue\n"))
        .contains("colour_of_the_sky: unknown key; leave it out. The keys are [adam_beta1, ")
        .contains("weight_decay");
  }

  @Test
  void aKeyGivenTwiceNamesBothLines() {
    assertThat(message("seed: 1\nshuffle: true\nseed: 2\n"))
        .contains("recipe.yaml:6 seed: given twice, first at recipe.yaml:4; keep one of the two");
  }

  @Test
  void allProblemsAreSaidAtOnce() {
    String message = message("seed: x\ncadft: {beta: -1}\nloss: dft\nlora: 3\n", "dtype=float16");
    assertThat(message).startsWith("recipe.yaml: 5 problems\n");
    assertThat(message.lines()).hasSize(6);
    assertThat(message)
        .contains("recipe.yaml:4 seed", "recipe.yaml:5 cadft.beta", "recipe.yaml:6 loss")
        .contains("recipe.yaml:7 lora", "--set dtype");
  }

  @Test
  void aWrongTypeNamesWhatWasFoundWhatIsAllowedAndWhatToWrite() {
    assertThat(message("learning_rate: fast\n"))
        .contains(
            "recipe.yaml:4 learning_rate: found fast, allowed: a number above 0; "
                + "write for example `learning_rate: 5.0E-5`, the default");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "global_batch_size: 0 | found 0, allowed: a whole number from 1 to 1048576",
        "global_batch_size: 4.0 | found 4.0, allowed: a whole number",
        "global_batch_size: \"32\" | found the text \"32\", allowed: a whole number",
        "global_batch_size: [32] | found a list, allowed: a whole number",
        "global_batch_size: {a: 1} | found a mapping, allowed: a whole number",
        "global_batch_size: | found nothing, allowed: a whole number",
        "learning_rate: 0 | found 0, allowed: a number above 0",
        "learning_rate: .inf | found .inf, allowed: a number above 0",
        "learning_rate: 1e999 | found 1e999, allowed: a number above 0",
        "adam_beta1: 1 | found 1, allowed: a number from 0 to below 1",
        "weight_decay: -0.1 | found -0.1, allowed: a number from 0 on",
        "warmup_ratio: 1.5 | found 1.5, allowed: a number from 0 to 1, or null",
        "loss_type: DFT | found DFT, allowed: nll | dft; write for example `loss_type: dft`",
        "shuffle: maybe | found maybe, allowed: true or false",
        "rewrite: sometimes | found sometimes, allowed: a mapping of keys, or off",
        "save_steps: 0 | found 0, allowed: a whole number of steps from 1 on, or a share of the run",
        "save_steps: 1.0 | found 1.0, allowed: a whole number of steps from 1 on, or a share of",
        "held_forward_memory: lots | found lots, allowed: auto, or a size with its unit such as",
        "held_forward_memory: 512 | found 512, allowed: auto, or a size with its unit such as",
        "metric_for_best: loss | found loss, allowed: eval_mean_p | eval_nll | eval_top1, or null",
        "device: cuda | found cuda, allowed: cpu",
        "max_length: 1 | found 1, allowed: a whole number from 2 to",
        "cadft: 3 | found 3, allowed: a mapping of keys; write its keys indented below it",
        "train_file: ~ | found ~, allowed: a JSONL or Parquet file; write `train_file: …` with its path",
      })
  void aValueOutOfItsRangeIsRefused(String line, String problem) {
    String key = line.substring(0, line.indexOf(':'));
    String others = RecipeFolder.REQUIRED.replaceFirst("(?m)^" + key + ": .*\n", "");
    long lineNumber = others.lines().count() + 1;
    assertThat(messageOf(others + line + "\n"))
        .contains("recipe.yaml:" + lineNumber + " " + key + ": " + problem);
  }

  @Test
  void whatARecipeMustNameIsAskedForByName() {
    assertThat(messageOf("seed: 1\n"))
        .contains("recipe.yaml: 3 problems")
        .contains(
            "recipe.yaml model_name_or_path: missing, allowed: the folder of a model in Hugging Face layout; add a line `model_name_or_path: …`")
        .contains("recipe.yaml train_file: missing")
        .contains("recipe.yaml output_dir: missing");
  }

  @Test
  void anEmptyRecipeIsAskedForWhatItMustName() {
    assertThat(messageOf("# nothing\n")).contains("3 problems");
  }

  @Test
  void aModelThatIsNotThereNamesBothPlacesThatWereLookedIn() {
    String message =
        messageOf(RecipeFolder.REQUIRED.replace(": model", ": Qwen/Qwen2.5-Math-1.5B"));
    assertThat(message)
        .contains("recipe.yaml:1 model_name_or_path: found Qwen/Qwen2.5-Math-1.5B, but there is")
        .contains("neither " + temp.resolve("Qwen/Qwen2.5-Math-1.5B") + " nor ")
        .contains("give the folder of a downloaded model (nothing is fetched from a hub)");
  }

  @Test
  void aFileWhereAFolderIsNeededAndTheOtherWayRoundIsRefused() {
    String text = RecipeFolder.REQUIRED.replace(": model", ": data.jsonl");
    assertThat(messageOf(text)).contains("data.jsonl is not a folder");
    assertThat(messageOf(RecipeFolder.REQUIRED.replace(": data.jsonl", ": model")))
        .contains("recipe.yaml:2 train_file: found model, but")
        .contains("model is not a file; give the path of an existing JSONL or Parquet file");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rewrite.accept=same_answer | found same_answer, which this version cannot do yet; use any",
        "rewrite.candidates_per_sample=4 | found 4, which this version cannot do yet; use 1",
      })
  void whatIsNotBuiltYetIsRefusedWithWhatToDoInstead(String set, String problem) {
    String key = set.substring(0, set.indexOf('='));
    assertThat(message("", set)).contains("--set " + key + ": " + problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lora={r: 0} | lora.r: found 0, allowed: a whole number from 1 to 65536",
        "lora={alpha: 0} | lora.alpha: found 0, allowed: a number above 0",
        "lora={target_modules: [q_proj, head]} | lora.target_modules: found a list, allowed: a list of q_proj, k_proj",
        "lora={target_modules: []} | lora.target_modules: found a list, allowed: a list of q_proj",
        "lora={target_modules: q_proj} | lora.target_modules: found q_proj, allowed: a list of q_proj",
        "lora={rank: 8} | lora.rank: unknown key; did you mean",
        "lora=8 | lora: found 8, allowed: a mapping of keys, or off",
        "lora.r=8 | lora.r: set although LoRA is off (default lora); leave it out, or switch LoRA on",
        "train_file=[data.jsonl] | train_file: found a list, allowed: a JSONL or Parquet file",
        "learning_rate=[1] | learning_rate: found a list, allowed: a number above 0",
      })
  void adaptersThatCannotBeAreRefused(String set, String problem) {
    assertThat(message("", set)).contains("--set " + problem);
  }

  @Test
  void warmupRatioAndWarmupStepsTogetherAreRefused() {
    assertThat(message("warmup_ratio: 0.1\nwarmup_steps: 5\n"))
        .contains(
            "recipe.yaml:4 warmup_ratio, recipe.yaml:5 warmup_steps: found both, allowed: one of them; drop one, or set it to null");
    assertThat(message("warmup_ratio: null\n"))
        .contains("found null for both, allowed: one number; write warmup_steps: 0");
  }

  @Test
  void aMicroBatchLargerThanTheBatchIsRefused() {
    assertThat(message("global_batch_size: 8\n", "micro_batch_size=16"))
        .contains(
            "--set micro_batch_size, recipe.yaml:4 global_batch_size: found 16 rows in a batch of 8 samples, allowed: at most global_batch_size; lower");
  }

  @Test
  void exactChecksOverAWireThatRoundsAreRefused() {
    assertThat(message("dtype: float64\nwire_dtype: bfloat16\n"))
        .contains("recipe.yaml:4 dtype, recipe.yaml:5 wire_dtype: found float64 computation")
        .contains("use wire_dtype: float32");
  }

  @Test
  void aBatchThatMicroBatchesDoNotDivideIsAllowed() {
    assertThat(folder.recipe("global_batch_size: 10\nmicro_batch_size: 4\n").globalBatchSize())
        .isEqualTo(10);
  }

  @Test
  void statisticsOverMicroBatchesOfOneSampleAreRefused() {
    String more = "micro_batch_size: 1\ncadft: {stats_scope: micro_batch}\n";
    assertThat(message(more))
        .contains(
            "default sample_weight, recipe.yaml:5 cadft.stats_scope, recipe.yaml:4 micro_batch_size: found statistics over micro-batches of one sample, which give every sample weight 1; use");
    assertThat(folder.recipe(more + "sample_weight: none\n").microBatchSize()).isEqualTo(1);
  }

  @Test
  void statisticsOverMicroBatchesThatPackingFormsByLengthAreRefused() {
    assertThat(message("packing: true\ncadft: {stats_scope: micro_batch}\n"))
        .contains(
            "recipe.yaml:4 packing, recipe.yaml:5 cadft.stats_scope: found statistics over micro-batches that packing forms by length; use cadft.stats_scope: global_batch, or packing: false");
    assertThat(folder.recipe("packing: true\n").packing()).isTrue();
  }

  @Test
  void evaluationWithoutHeldOutDataIsRefused() {
    assertThat(message("metric_for_best: eval_nll\neval_steps: 5\n"))
        .contains(
            "recipe.yaml:4 metric_for_best, default eval_file: found a metric but nothing to measure it on; name an eval_file")
        .contains(
            "recipe.yaml:5 eval_steps, default eval_file: found a period but nothing to evaluate; name an eval_file");
  }

  @Test
  void anOutputFolderThatIsTheModelIsRefused() {
    assertThat(message("", "output_dir=" + temp.resolve("model")))
        .contains(
            "--set output_dir, recipe.yaml:1 model_name_or_path: found the same folder twice");
  }

  @Test
  void keysOfRewritingThatIsOffAreRefused() {
    assertThat(message("rewrite: off\n", "rewrite.warmup=0.4"))
        .contains(
            "--set rewrite.warmup: set although rewriting is off (recipe.yaml:4 rewrite); leave it out, or switch rewriting on");
  }

  @Test
  void aContradictionWithAKeyThatIsWrongAnywayIsNotSaidTwice() {
    assertThat(message("global_batch_size: 2\nmicro_batch_size: none\n"))
        .startsWith("recipe.yaml: 1 problem\n");
  }

  @Test
  void maxStepsWinsOverEpochsAndSaysSo() {
    assertThat(folder.read("num_train_epochs: 3\n", "max_steps=10").notes())
        .containsExactly("max_steps 10 (--set) wins over num_train_epochs 3 (recipe.yaml:4)");
    assertThat(folder.read("max_steps: 10\n").notes()).isEmpty();
  }

  @Test
  void approximationsOfTheMethodAreNamed() {
    assertThat(folder.read("micro_batch_size: 2\ncadft: {stats_scope: micro_batch}\n").notes())
        .containsExactly(
            "cadft.stats_scope micro_batch is an approximation for ablation: weights compare only the 2 samples of a micro-batch, so the worse of two always gets the same weight");
    assertThat(folder.read("cadft: {stats_scope: previous_step}\n").notes())
        .singleElement()
        .asString()
        .contains("previous_step is an approximation");
    assertThat(folder.read("global_batch_size: 1\nmicro_batch_size: 1\n").notes())
        .containsExactly("global_batch_size 1: a batch of one sample always gives it weight 1");
    assertThat(folder.read("sample_weight: none\ncadft: {stats_scope: micro_batch}\n").notes())
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"learning_rate", "=3", ""})
  void anOverrideWithoutKeyAndValueIsRefused(String set) {
    assertThat(message("", set))
        .contains("--set " + set + ": found no key and value, allowed: key=value; write for");
  }

  @Test
  void anOverrideThatIsNoYamlIsRefused() {
    assertThat(message("", "cadft={beta: 1"))
        .contains("--set cadft={beta: 1: not readable as YAML");
  }

  @Test
  void aRecipeThatIsNoYamlNamesTheLine() {
    assertThat(messageOf("seed: 1\n\tshuffle: true\n"))
        .contains("recipe.yaml:2: not readable as YAML: ")
        .contains("mend this line");
    assertThat(messageOf("- seed\n")).contains("recipe.yaml: found a list, allowed: keys with");
    assertThat(messageOf("? [a, b]\n: 1\n")).contains("recipe.yaml:1: found a key that is no word");
    assertThat(messageOf("seed: \u0007\n")).contains("recipe.yaml: not readable as YAML");
  }

  @Test
  void aRecipeThatCannotBeReadNamesTheFile() throws IOException {
    Path missing = temp.resolve("no.yaml");
    assertThatThrownBy(() -> RecipeReader.read(missing, List.of()))
        .isInstanceOf(UserError.class)
        .hasMessage(missing + ": there is no such recipe; check the path");
    assertThatThrownBy(() -> RecipeReader.read(temp, List.of()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("cannot be read");
    Path latin = temp.resolve("latin.yaml");
    Files.write(latin, "output_dir: läufe\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> RecipeReader.read(latin, List.of()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("save the recipe as UTF-8");
  }
}

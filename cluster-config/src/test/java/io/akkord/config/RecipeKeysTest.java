package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RecipeKeysTest {
  @Test
  void theDefaultsFileTheRecordsAndTheKeyTableHaveTheSameKeys() {
    Set<String> components = new HashSet<>(RecipeKeys.componentNames());
    Set<String> inFile = new HashSet<>();
    RecipeDefaults.entries().forEach(entry -> inFile.add(entry.name()));
    inFile.removeAll(RecipeKeys.SWITCHED.keySet()); // Optionals, no components of their own
    Set<String> inTable = new HashSet<>(RecipeKeys.all().keySet());
    inTable.removeAll(RecipeKeys.SWITCHED.keySet());
    assertThat(inFile).isEqualTo(components);
    assertThat(inTable).isEqualTo(components);
  }

  @Test
  void everyKeyButTheRequiredPathsHasADefaultOfItsOwnType() {
    assertThat(RecipeKeys.all().values())
        .filteredOn(key -> RecipeDefaults.text(key).isEmpty())
        .extracting(RecipeKeys.Key::name)
        .containsExactly("model_name_or_path", "train_file", "output_dir");
  }

  @Test
  void onlyWhatLeavesTheResultAloneIsOutsideTheFingerprint() {
    List<String> free =
        RecipeKeys.all().values().stream()
            .filter(key -> !key.changesResult())
            .map(RecipeKeys.Key::name)
            .toList();
    assertThat(free)
        .containsExactly(
            "model_name_or_path",
            "train_file",
            "eval_file",
            "output_dir",
            "held_forward_memory",
            "parameter_shards",
            "parameter_server.replicas",
            "eval_steps",
            "metric_for_best",
            "save_steps",
            "save_total_limit",
            "logging_steps");
  }
}

package io.akkord.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.model.layout.Lora;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recipe's {@code lora}: what it means, and what follows for the rest of the recipe. */
class LoraRecipeTest {
  @TempDir private Path temp;
  private RecipeFolder folder;

  @BeforeEach
  void aFolder() {
    folder = RecipeFolder.in(temp);
  }

  @Test
  void nullAndLeftOutTrainTheWholeModel() {
    assertThat(folder.recipe("").lora()).isEmpty();
    assertThat(folder.recipe("lora: null\n")).isEqualTo(folder.recipe(""));
  }

  @Test
  void theKeysOfTheDesignPageAreRead() {
    Recipe recipe = folder.recipe("lora: {r: 8, alpha: 4, target_modules: [v_proj, q_proj]}\n");
    assertThat(recipe.lora()).contains(new Lora(8, 4, List.of("q_proj", "v_proj")));
    assertThat(RecipeReader.readCanonical(recipe.toYaml())).isEqualTo(recipe);
  }

  @Test
  void whatAMappingLeavesOutIsTheDefault() {
    assertThat(folder.recipe("lora: {r: 4}\n").lora())
        .contains(new Lora(4, 32, List.of("q_proj", "v_proj")));
    assertThat(folder.recipe("lora: on\n").lora())
        .contains(new Lora(16, 32, List.of("q_proj", "v_proj")));
    assertThat(folder.recipe("lora: {target_modules: all-linear}\n").lora())
        .map(Lora::targetModules)
        .contains(Lora.MODULES);
  }

  @Test
  void adaptersMakeAnotherRun() {
    Recipe whole = folder.recipe("");
    Recipe adapted = folder.recipe("lora: {r: 8}\n");
    assertThat(adapted.fingerprint()).isNotEqualTo(whole.fingerprint());
    assertThat(adapted.differences(whole))
        .containsExactly(new Recipe.Difference("lora", "true", "false"));
    assertThat(adapted.differences(folder.recipe("lora: {r: 4}\n")))
        .containsExactly(new Recipe.Difference("lora.r", "8", "4"));
  }
}

package io.akkord.model.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.Reference;
import io.akkord.model.UserError;
import io.akkord.model.layout.Lora;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdapterFolderTest {
  private static final Path PEFT = Reference.path("lora_qwen2/adapter");
  private static final Path BASE = Reference.path("qwen2_tied/model");

  @TempDir private Path temp;

  @BeforeEach
  void anAdapterOfOurs() throws IOException {
    AdapterFolder.writeConfig(temp, new Lora(4, 8, List.of("v_proj", "gate_proj", "q_proj")), BASE);
    Files.copy(PEFT.resolve(AdapterFolder.WEIGHTS), temp.resolve(AdapterFolder.WEIGHTS));
  }

  @Test
  void whatPeftWroteIsReadAndItsBaseIsFoundBesideIt() {
    AdapterFolder adapter = AdapterFolder.open(PEFT);
    assertThat(adapter.lora()).isEqualTo(new Lora(4, 8, List.of("q_proj", "v_proj", "gate_proj")));
    assertThat(adapter.lora().scaling()).isEqualTo(2);
    assertThat(adapter.base()).isEqualTo(BASE);
    adapter.require(ModelConfig.read(BASE));
  }

  @Test
  void whatWeWriteIsReadAlike() {
    assertThat(AdapterFolder.open(temp).lora()).isEqualTo(AdapterFolder.open(PEFT).lora());
    assertThat(AdapterFolder.open(temp).base()).isEqualTo(BASE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"r\" : 4 | \"r\" : 0 | r is 0, allowed: a whole number from 1 on",
        "\"lora_alpha\" : 8 | \"lora_alpha\" : null | lora_alpha is null, allowed: a number above 0",
        "\"v_proj\" | \"lm_head\" | allowed: \"all-linear\", or a list of [q_proj",
        "\"bias\" : \"none\" | \"bias\" : \"all\" | bias is \"all\", allowed: none",
        "\"bias\" : \"none\" | \"use_dora\" : true | use_dora is true, allowed: false",
        "\"bias\" : \"none\" | \"rank_pattern\" : {\"q_proj\": 2} | allowed: {}",
        "\"LORA\" | \"IA3\" | peft_type is \"IA3\", allowed: LORA",
        "lora_alpha | lora_beta | lora_alpha is missing, allowed: a number above 0",
      })
  void whatThisProgramDoesNotHaveIsRefusedByItsKey(String from, String to, String message)
      throws IOException {
    Path config = temp.resolve("adapter_config.json");
    String text = Files.readString(config);
    assertThat(text).contains(from);
    Files.writeString(config, text.replace(from, to));
    assertThatThrownBy(() -> AdapterFolder.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(config.toString())
        .hasMessageContaining(message);
  }

  @Test
  void aBaseThatIsNotThereIsNamed() throws IOException {
    AdapterFolder.writeConfig(temp, new Lora(4, 8, List.of("q_proj")), temp.resolve("gone"));
    assertThatThrownBy(() -> AdapterFolder.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("base_model_name_or_path is")
        .hasMessageContaining("gone");
  }

  @Test
  void tensorsThatDoNotFitTheirConfigurationAreNamed() throws IOException {
    ModelConfig config = ModelConfig.read(BASE);
    AdapterFolder.writeConfig(temp, new Lora(2, 8, List.of("q_proj", "v_proj", "gate_proj")), BASE);
    assertThatThrownBy(() -> AdapterFolder.open(temp).require(config))
        .hasMessageContaining("q_proj.lora_A.weight has shape [4, 32]")
        .hasMessageContaining("[2, 32]");
    AdapterFolder.writeConfig(temp, new Lora(4, 8, List.of("q_proj", "v_proj")), BASE);
    assertThatThrownBy(() -> AdapterFolder.open(temp).require(config))
        .hasMessageContaining("gate_proj.lora_A.weight is no adapter of")
        .hasMessageContaining("[q_proj, v_proj]");
    AdapterFolder.writeConfig(temp, new Lora(4, 8, List.of("all-linear")), BASE);
    assertThatThrownBy(() -> AdapterFolder.open(temp).require(config))
        .hasMessageContaining("k_proj.lora_A.weight [4, 32] is missing");
  }

  @Test
  void whereAWholeModelIsNeededAnAdapterIsRefusedWithWhatToDo() {
    assertThatThrownBy(() -> HfFolder.open(temp))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is a LoRA adapter")
        .hasMessageContaining("akkord export --model " + temp);
  }
}

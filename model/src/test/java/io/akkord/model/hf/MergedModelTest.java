package io.akkord.model.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.akkord.model.Reference;
import io.akkord.model.layout.ParameterLayout;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergedModelTest {
  @TempDir private Path temp;

  @Test
  void adaptedLayersAreAsPeftMergesThemAndTheOthersAsInTheBase() throws Exception {
    AdapterFolder adapter = AdapterFolder.open(Reference.path("lora_qwen2/adapter"));
    new MergedModel(adapter).writeTo(temp);
    HfFolder merged = HfFolder.open(temp);
    HfFolder base = HfFolder.open(adapter.base());
    merged.require(ParameterLayout.shapes(base.config()));
    SafetensorsFile expected =
        SafetensorsFile.open(Reference.path("lora_qwen2/tensors.safetensors"));
    int adapted = 0;
    for (String name : ParameterLayout.shapes(base.config()).keySet()) {
      if (expected.names().contains("merged." + name)) {
        float[] peft = Reference.tensor(expected, "merged." + name);
        assertThat(values(merged, name)).as(name).containsExactly(peft, within(1e-7f));
        assertThat(values(merged, name)).isNotEqualTo(values(base, name));
        adapted++;
      } else {
        assertThat(values(merged, name)).as(name).isEqualTo(values(base, name));
      }
    }
    assertThat(adapted).isEqualTo(6);
  }

  private static float[] values(HfFolder folder, String name) {
    long elements = 1;
    for (long dimension : folder.shape(name)) {
      elements *= dimension;
    }
    float[] values = new float[(int) elements];
    folder.read(name, 0, FloatBuffer.wrap(values));
    return values;
  }
}

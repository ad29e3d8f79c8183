package io.akkord.model.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.hf.SafetensorsWriter.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  /** More than one chunk of the writer and one window of the reader. */
  private static final int LARGE = (1 << 20) + 17;

  @TempDir Path temp;

  private static float value(long element) {
    return element * 0.5f - 3;
  }

  private static Entry floats(String name, long... shape) {
    return new Entry(
        name,
        "F32",
        shape,
        (from, target) -> {
          for (long i = from; target.hasRemaining(); i++) {
            target.putFloat(value(i));
          }
        });
  }

  private static Entry doubles(String name, double... values) {
    return new Entry(
        name,
        "F64",
        new long[] {values.length},
        (from, target) -> {
          for (int i = (int) from; target.hasRemaining(); i++) {
            target.putDouble(values[i]);
          }
        });
  }

  private Path write(String name, Map<String, String> metadata) throws IOException {
    Path file = temp.resolve(name);
    List<Entry> entries =
        List.of(floats("large", LARGE), doubles("exact", 1.0 / 3, -1e300), floats("scalar"));
    SafetensorsWriter.write(file, entries, metadata);
    return file;
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    SafetensorsFile file = SafetensorsFile.open(write("a", Map.of("format", "pt")));
    assertThat(file.names()).containsExactly("large", "exact", "scalar");
    assertThat(file.shape("large")).containsExactly(LARGE);
    assertThat(file.shape("scalar")).isEmpty();
    FloatBuffer large = FloatBuffer.allocate(LARGE);
    file.read("large", 0, large);
    for (int i = 0; i < LARGE; i++) {
      if (large.get(i) != value(i)) {
        assertThat(large.get(i)).as("element %d", i).isEqualTo(value(i));
      }
    }
    DoubleBuffer exact = DoubleBuffer.allocate(2);
    file.readDouble("exact", 0, exact);
    assertThat(exact.array()).containsExactly(1.0 / 3, -1e300);
    FloatBuffer scalar = FloatBuffer.allocate(1);
    file.read("scalar", 0, scalar);
    assertThat(scalar.array()).containsExactly(-3);
  }

  @Test
  void theSameEntriesGiveTheSameBytesWhateverTheOrderOfTheMetadata() throws IOException {
    Map<String, String> forward = new LinkedHashMap<>();
    forward.put("format", "pt");
    forward.put("a", "1");
    Map<String, String> backward = new LinkedHashMap<>();
    backward.put("a", "1");
    backward.put("format", "pt");
    assertThat(write("first", forward)).hasSameBinaryContentAs(write("second", backward));
  }

  @Test
  void theHeaderIsPaddedWithSpacesToEightBytesAsTheFormatAsks() throws IOException {
    Path file = temp.resolve("small");
    SafetensorsWriter.write(file, List.of(floats("x", 2)), Map.of());
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) bytes.getLong();
    byte[] header = new byte[length];
    bytes.get(header);
    assertThat(length % 8).isZero();
    String json = "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    assertThat(new String(header, StandardCharsets.UTF_8).stripTrailing()).isEqualTo(json);
    assertThat(new String(header, StandardCharsets.UTF_8)).matches("\\{.*} *");
    assertThat(bytes.getFloat()).isEqualTo(-3);
    assertThat(bytes.getFloat()).isEqualTo(-2.5f);
    assertThat(bytes.hasRemaining()).isFalse();
  }

  @Test
  void anExistingLongerFileIsReplaced() throws IOException {
    Path file = write("x", Map.of());
    SafetensorsWriter.write(file, List.of(floats("x", 2)), Map.of());
    assertThat(Files.size(file)).isLessThan(200);
    assertThat(SafetensorsFile.open(file).names()).containsExactly("x");
  }

  @Test
  void typesItCannotWriteAreRefused() {
    assertThatThrownBy(() -> new Entry("x", "BF16", new long[] {1}, (from, to) -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tensor x: dtype BF16");
  }
}

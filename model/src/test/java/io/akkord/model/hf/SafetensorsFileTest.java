package io.akkord.model.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
  private static final String TWO_FLOATS =
      "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

  @TempDir Path temp;
  private Path file;

  @BeforeEach
  void nameTheFile() {
    file = temp.resolve("model.safetensors");
  }

  private SafetensorsFile written(String header, byte[] data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return raw(bytes(8 + text.length + data.length).putLong(text.length).put(text).put(data));
  }

  private SafetensorsFile raw(ByteBuffer bytes) {
    try {
      Files.write(file, array(bytes));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return SafetensorsFile.open(file);
  }

  private static ByteBuffer bytes(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private SafetensorsFile tensor(String dtype, int elements, ByteBuffer data) {
    return written(
        "{\"x\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(dtype, elements, data.capacity()),
        array(data));
  }

  private static byte[] array(ByteBuffer bytes) {
    byte[] array = new byte[bytes.capacity()];
    bytes.rewind().get(array);
    return array;
  }

  private static float[] floats(SafetensorsFile file, int elements) {
    FloatBuffer buffer = FloatBuffer.allocate(elements);
    file.read("x", 0, buffer);
    return buffer.array();
  }

  private void refused(String header, byte[] data, String... parts) {
    assertThatThrownBy(() -> written(header, data))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(file.toString())
        .hasMessageContainingAll(parts);
  }

  private static ByteBuffer shorts(int... values) {
    ByteBuffer data = bytes(2 * values.length);
    for (int value : values) {
      data.putShort((short) value);
    }
    return data;
  }

  @Test
  void bfloat16IsTheUpperHalfOfAFloat() {
    ByteBuffer data =
        shorts(0x3f80, 0xc049, 0x0000, 0x8000, 0x7f80, 0xff80, 0x7fc0, 0x0001, 0x0080, 0x7f7f);
    float[] values = floats(tensor("BF16", 10, data), 10);
    assertThat(values)
        .containsExactly(
            1f,
            -3.140625f,
            0f,
            -0f,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            0x1p-133f,
            0x1p-126f,
            0x1.fep127f);
  }

  @Test
  void float16IsWidenedExactlyWithItsSubnormals() {
    ByteBuffer data =
        shorts(
            0x3c00, 0xc248, 0x0000, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x0001, 0x83ff, 0x0400, 0x7bff,
            0x3555);
    float[] values = floats(tensor("F16", 12, data), 12);
    assertThat(values)
        .containsExactly(
            1f,
            -3.140625f,
            0f,
            -0f,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            0x1p-24f,
            -1023 * 0x1p-24f,
            0x1p-14f,
            65504f,
            0x1.554p-2f);
  }

  @Test
  void float64IsNarrowedOnlyForReadersOfFloats() {
    ByteBuffer data =
        bytes(32).putDouble(1.0 / 3).putDouble(1e300).putDouble(-0.0).putDouble(1e-320);
    SafetensorsFile tensors = tensor("F64", 4, data);
    DoubleBuffer exact = DoubleBuffer.allocate(4);
    tensors.readDouble("x", 0, exact);
    assertThat(exact.array()).containsExactly(1.0 / 3, 1e300, -0.0, 1e-320);
    assertThat(floats(tensors, 4))
        .containsExactly((float) (1.0 / 3), Float.POSITIVE_INFINITY, -0f, 0f);
  }

  @Test
  void aReadMayBeginInsideATensor() {
    ByteBuffer data = bytes(16).putFloat(1).putFloat(2).putFloat(3).putFloat(4);
    SafetensorsFile tensors = tensor("F32", 4, data);
    FloatBuffer middle = FloatBuffer.allocate(2);
    tensors.read("x", 1, middle);
    assertThat(middle.array()).containsExactly(2, 3);
    assertThatThrownBy(() -> tensors.read("x", 3, FloatBuffer.allocate(2)))
        .hasMessageContaining("elements [3, 5) of x");
    assertThatThrownBy(() -> tensors.read("x", -1, FloatBuffer.allocate(2)))
        .hasMessageContaining("elements [-1, 1) of x");
  }

  @Test
  void scalarsAndEmptyTensorsAndMetadataAreRead() {
    SafetensorsFile tensors =
        written(
            """
            {"__metadata__":{"format":"pt"},"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]},\
            "none":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]}}""",
            bytes(4).putFloat(7).array());
    assertThat(tensors.names()).containsExactly("x", "none");
    assertThat(tensors.shape("x")).isEmpty();
    assertThat(tensors.shape("none")).containsExactly(0, 3);
    assertThat(floats(tensors, 1)).containsExactly(7);
  }

  @Test
  void aMissingFileIsNamed() {
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOf(UserError.class)
        .hasMessage(file + " is missing");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 7})
  void aFileTooShortForALengthIsRefused(int size) {
    assertThatThrownBy(() -> raw(bytes(size)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is not a safetensors file or is truncated")
        .hasMessageContaining("the file has %d".formatted(size));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, 1000, Long.MAX_VALUE, Long.MIN_VALUE})
  void aHeaderLengthThatCannotBeIsRefused(long length) {
    assertThatThrownBy(() -> raw(bytes(40).putLong(length)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("its header claims %d bytes, the file has 40".formatted(length));
  }

  @Test
  void aTruncatedFileIsFoundWhenItIsOpened() {
    refused(TWO_FLOATS, new byte[7], "is truncated: tensor x ends at byte", "write it again");
  }

  @Test
  void aFileThatShrinksWhileItIsReadIsAnErrorToo() throws IOException {
    SafetensorsFile tensors = written(TWO_FLOATS, new byte[8]);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 3));
    assertThatThrownBy(() -> floats(tensors, 2))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is truncated inside tensor x");
  }

  @Test
  void aHeaderThatIsNonsenseIsRefused() {
    refused("not json", new byte[8], "the header is not valid JSON");
    refused("{\"x\":", new byte[8], "the header is not valid JSON");
    refused("[1,2]", new byte[8], "the header is no JSON object");
    refused("{\"x\":3}", new byte[8], "tensor x", "dtype ''");
    refused(
        TWO_FLOATS.replace("F32", "F8_E4M3"), new byte[8], "tensor x has dtype 'F8_E4M3'", "BF16");
    refused(
        TWO_FLOATS.replace("[2]", "[3]"), new byte[8], "should take 12 bytes, its offsets say 8");
    refused(TWO_FLOATS.replace("[0,8]", "[8,0]"), new byte[8], "its offsets say -8");
    refused(TWO_FLOATS.replace("[0,8]", "[-8,0]"), new byte[8], "tensor x", "damaged");
    refused(
        TWO_FLOATS.replace("\"data_offsets\":[0,8]", "\"y\":0"),
        new byte[8],
        "tensor x",
        "damaged");
    refused(TWO_FLOATS.replace("[2]", "[\"2\"]"), new byte[8], "tensor x has shape [\"2\"]");
    refused(TWO_FLOATS.replace("[2]", "[-1,-2]"), new byte[8], "tensor x has shape [-1,-2]");
    refused(
        TWO_FLOATS.replace("\"shape\":[2]", "\"shape\":2"), new byte[8], "tensor x has shape 2");
    refused(
        TWO_FLOATS.replace("[2]", "[4294967296,4294967296]"),
        new byte[8],
        "tensor x has shape [4294967296,4294967296]");
  }

  @Test
  void integersAreListedButHoldNoWeights() {
    SafetensorsFile tensors = tensor("I64", 1, bytes(8).putLong(3));
    assertThat(tensors.shape("x")).containsExactly(1);
    assertThatThrownBy(() -> floats(tensors, 1))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("dtype I64 holds no weights");
  }

  @Test
  void aTensorThatIsNotThereIsNamed() {
    SafetensorsFile tensors = written(TWO_FLOATS, new byte[8]);
    assertThatThrownBy(() -> tensors.shape("y"))
        .isInstanceOf(UserError.class)
        .hasMessage(file + ": tensor y is missing");
  }

  @Test
  void tensorsThatOverlapOrLeaveGapsAreRefused() {
    String two =
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":%s}}";
    int dataAt = 8 + two.formatted("[4,8]").length();
    refused(
        two.formatted("[4,8]"),
        new byte[12],
        "tensor y begins at byte %d, but tensor x ends at byte %d"
            .formatted(dataAt + 4, dataAt + 8),
        "write it again");
    refused(two.formatted("[12,16]"), new byte[16], "tensor y begins at byte", "tensor x ends at");
    refused(two.formatted("[8,12]"), new byte[13], "tensor y ends at byte", "but the file has");
    refused(TWO_FLOATS.replace("[0,8]", "[4,12]"), new byte[12], "but the header ends at byte");
    assertThat(written(two.formatted("[8,12]"), new byte[12]).names()).containsExactly("x", "y");
  }

  @Test
  void filesBeyondTwoGibibytesAreReadAtTheirEndToo() throws IOException {
    long many = 700_000_000L; // 2.8 GB, a hole on disk except for the last values
    String header =
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(many, 4 * many);
    ByteBuffer head = bytes(8 + header.length()).putLong(header.length());
    head.put(header.getBytes(StandardCharsets.UTF_8)).flip();
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      channel.write(head, 0);
      channel.write(
          bytes(8).putFloat(0, -1.5f).putFloat(4, 2.25f), 8 + header.length() + 4 * (many - 2));
    }
    SafetensorsFile tensors = SafetensorsFile.open(file);
    FloatBuffer values = FloatBuffer.allocate(3);
    tensors.read("x", many - 3, values);
    assertThat(values.array()).containsExactly(0, -1.5f, 2.25f);
  }
}

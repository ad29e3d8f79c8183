package io.akkord.model.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One safetensors file: 8 bytes header length, JSON header, tensors. Reads go through small
 * windows, so files of any size work. The header is checked when the file is opened.
 */
public final class SafetensorsFile {
  private static final long MAX_HEADER = 100_000_000;
  private static final int WINDOW_ELEMENTS = 1 << 20;
  private static final Map<String, Integer> BYTES =
      Map.of("F64", 8, "F32", 4, "BF16", 2, "F16", 2, "I64", 8, "I32", 4, "U8", 1, "BOOL", 1);

  /** Where a tensor lies in the file. */
  private record Entry(String dtype, long[] shape, long from, long to) {}

  private final Path file;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  private SafetensorsFile(Path file) {
    this.file = file;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws UserError if it is missing, truncated or inconsistent
   */
  public static SafetensorsFile open(Path file) {
    SafetensorsFile opened = new SafetensorsFile(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      opened.readHeader(channel);
    } catch (IOException e) {
      throw new UserError(
          Files.exists(file)
              ? "%s cannot be read: %s".formatted(file, e.getMessage())
              : "%s is missing".formatted(file),
          e);
    }
    return opened;
  }

  private void readHeader(FileChannel channel) throws IOException {
    long size = channel.size();
    ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    readFully(channel, prefix, 0);
    long length = size < 8 ? -1 : prefix.getLong(0);
    if (length <= 0 || length > MAX_HEADER || 8 + length > size) {
      throw new UserError(
          "%s is not a safetensors file or is truncated: its header claims %d bytes, the file has %d; download or write it again"
              .formatted(file, length, size));
    }
    ByteBuffer header = ByteBuffer.allocate((int) length);
    readFully(channel, header, 8);
    JsonNode json;
    try {
      json = new ObjectMapper().readTree(new String(header.array(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UserError("%s: the header is not valid JSON".formatted(file), e);
    }
    if (!json.isObject()) {
      throw new UserError("%s: the header is no JSON object".formatted(file));
    }
    json.fields()
        .forEachRemaining(
            field -> {
              if (!field.getKey().equals("__metadata__")) {
                entries.put(field.getKey(), entry(field.getKey(), field.getValue(), length, size));
              }
            });
    refuseGapsAndOverlaps(8 + length, size);
  }

  /** The format's own rule: the tensors fill the file from the header to its last byte. */
  private void refuseGapsAndOverlaps(long dataAt, long fileSize) {
    List<Map.Entry<String, Entry>> inOrder = new ArrayList<>(entries.entrySet());
    inOrder.sort(
        Map.Entry.comparingByValue(
            Comparator.comparingLong(Entry::from).thenComparingLong(Entry::to)));
    long at = dataAt;
    String before = "the header";
    for (Map.Entry<String, Entry> tensor : inOrder) {
      if (tensor.getValue().from() != at) {
        throw new UserError(
            "%s: tensor %s begins at byte %d, but %s ends at byte %d; the file is damaged, download or write it again"
                .formatted(file, tensor.getKey(), tensor.getValue().from(), before, at));
      }
      at = tensor.getValue().to();
      before = "tensor " + tensor.getKey();
    }
    if (at != fileSize) {
      throw new UserError(
          "%s: %s ends at byte %d, but the file has %d; the file is damaged, download or write it again"
              .formatted(file, before, at, fileSize));
    }
  }

  private Entry entry(String name, JsonNode node, long headerLength, long fileSize) {
    String dtype = node.path("dtype").asText();
    Integer bytes = BYTES.get(dtype);
    if (bytes == null) {
      throw new UserError(
          "%s: tensor %s has dtype '%s'; supported are F32, BF16, F16 and F64"
              .formatted(file, name, dtype));
    }
    long[] shape = shape(name, node.path("shape"));
    long expected = elements(name, node.path("shape"), shape) * bytes;
    long from = 8 + headerLength + node.path("data_offsets").path(0).asLong(-1);
    long to = 8 + headerLength + node.path("data_offsets").path(1).asLong(-1);
    if (to > fileSize) {
      throw new UserError(
          "%s is truncated: tensor %s ends at byte %d, the file has %d; download or write it again"
              .formatted(file, name, to, fileSize));
    }
    if (from < 8 + headerLength || to - from != expected) {
      throw new UserError(
          "%s: tensor %s should take %d bytes, its offsets say %d; the file is damaged"
              .formatted(file, name, expected, to - from));
    }
    return new Entry(dtype, shape, from, to);
  }

  private long[] shape(String name, JsonNode node) {
    long[] shape = new long[node.size()];
    boolean valid = node.isArray();
    for (int i = 0; i < shape.length; i++) {
      valid &= node.path(i).isIntegralNumber() && node.path(i).asLong() >= 0;
      shape[i] = node.path(i).asLong();
    }
    if (!valid) {
      throw badShape(name, node);
    }
    return shape;
  }

  /** Bounded, so that no product of lengths or bytes overflows. */
  private long elements(String name, JsonNode node, long[] shape) {
    try {
      long elements = 1;
      for (long dimension : shape) {
        elements = Math.multiplyExact(elements, dimension);
      }
      Math.multiplyExact(elements, Double.BYTES);
      return elements;
    } catch (ArithmeticException e) {
      throw badShape(name, node);
    }
  }

  private UserError badShape(String name, JsonNode node) {
    return new UserError(
        "%s: tensor %s has shape %s, which cannot be; the file is damaged"
            .formatted(file, name, node.isMissingNode() ? "missing" : node));
  }

  private static void readFully(FileChannel channel, ByteBuffer target, long position)
      throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int read = channel.read(target, at);
      if (read < 0) {
        return;
      }
      at += read;
    }
  }

  /** Names in the order of the header. */
  public Set<String> names() {
    return entries.keySet();
  }

  /** The dimensions of a tensor. */
  public long[] shape(String name) {
    return find(name).shape().clone();
  }

  private Entry find(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new UserError("%s: tensor %s is missing".formatted(file, name));
    }
    return entry;
  }

  /** Fills a buffer with elements from {@code from} on, widened to float32 (F64 is narrowed). */
  public void read(String name, long from, FloatBuffer target) {
    read(
        name,
        from,
        target.remaining(),
        (bytes, dtype, index) -> target.put((float) value(bytes, dtype, index)));
  }

  /** Fills a buffer with elements from {@code from} on, widened to float64. */
  public void readDouble(String name, long from, DoubleBuffer target) {
    read(
        name,
        from,
        target.remaining(),
        (bytes, dtype, index) -> target.put(value(bytes, dtype, index)));
  }

  private interface Element {
    void take(ByteBuffer bytes, String dtype, int index);
  }

  private void read(String name, long from, int count, Element element) {
    Entry entry = find(name);
    int width = BYTES.get(entry.dtype());
    if (from < 0 || entry.from() + (from + count) * width > entry.to()) {
      throw new IllegalArgumentException(
          "%s: elements [%d, %d) of %s".formatted(file, from, from + count, name));
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (int done = 0; done < count; done += WINDOW_ELEMENTS) {
        int part = Math.min(WINDOW_ELEMENTS, count - done);
        ByteBuffer bytes = ByteBuffer.allocate(part * width).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, bytes, entry.from() + (from + done) * width);
        if (bytes.hasRemaining()) {
          throw new UserError(
              "%s is truncated inside tensor %s; download or write it again".formatted(file, name));
        }
        for (int i = 0; i < part; i++) {
          element.take(bytes, entry.dtype(), i);
        }
      }
    } catch (IOException e) {
      throw new UserError("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  private double value(ByteBuffer bytes, String dtype, int index) {
    return switch (dtype) {
      case "F32" -> bytes.getFloat(index * 4);
      case "F64" -> bytes.getDouble(index * 8);
      case "BF16" -> Float.intBitsToFloat((bytes.getShort(index * 2) & 0xffff) << 16);
      case "F16" -> halfToFloat(bytes.getShort(index * 2));
      default -> throw new UserError("%s: dtype %s holds no weights".formatted(file, dtype));
    };
  }

  /** IEEE 754 binary16 to binary32, exact. */
  static float halfToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >> 10) & 0x1f;
    int fraction = half & 0x3ff;
    if (exponent == 0) {
      float subnormal = fraction * 0x1p-24f;
      return sign == 0 ? subnormal : -subnormal;
    }
    int wide = exponent == 31 ? 0xff : exponent + 112;
    return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
  }
}

package io.akkord.model.hf;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes safetensors files; the same entries give the same bytes. */
public final class SafetensorsWriter {
  private static final int CHUNK_ELEMENTS = 1 << 20;

  /** Where the elements of a tensor come from. */
  public interface Source {
    /**
     * Fills the buffer (little endian, whole elements) with elements from {@code fromElement} on.
     */
    void fill(long fromElement, ByteBuffer target) throws IOException;
  }

  /**
   * One tensor.
   *
   * @param dtype F32 or F64
   */
  public record Entry(String name, String dtype, long[] shape, Source source) {
    /** Refuses what this writer cannot write. */
    public Entry {
      if (!dtype.equals("F32") && !dtype.equals("F64")) {
        throw new IllegalArgumentException("tensor %s: dtype %s".formatted(name, dtype));
      }
    }

    int width() {
      return dtype.equals("F64") ? 8 : 4;
    }

    long elements() {
      long elements = 1;
      for (long dimension : shape) {
        elements *= dimension;
      }
      return elements;
    }
  }

  private SafetensorsWriter() {}

  /** Writes a new file; an existing one is replaced. */
  public static void write(Path file, List<Entry> entries, Map<String, String> metadata)
      throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      writeFully(channel, header(entries, metadata));
      ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_ELEMENTS * 8);
      for (Entry entry : entries) {
        writeTensor(channel, entry, chunk);
      }
    }
  }

  private static ByteBuffer header(List<Entry> entries, Map<String, String> metadata) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode node = json.putObject("__metadata__");
      new TreeMap<>(metadata).forEach(node::put);
    }
    long at = 0;
    for (Entry entry : entries) {
      ObjectNode node = json.putObject(entry.name());
      node.put("dtype", entry.dtype());
      var shape = node.putArray("shape");
      for (long dimension : entry.shape()) {
        shape.add(dimension);
      }
      long end = at + entry.elements() * entry.width();
      node.putArray("data_offsets").add(at).add(end);
      at = end;
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int padded = (text.length + 7) / 8 * 8;
    ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(padded).put(text);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.flip();
  }

  private static void writeTensor(FileChannel channel, Entry entry, ByteBuffer chunk)
      throws IOException {
    for (long at = 0; at < entry.elements(); at += CHUNK_ELEMENTS) {
      int count = (int) Math.min(CHUNK_ELEMENTS, entry.elements() - at);
      chunk.clear().limit(count * entry.width());
      ByteBuffer window = chunk.slice().order(ByteOrder.LITTLE_ENDIAN);
      entry.source().fill(at, window);
      writeFully(channel, chunk);
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}

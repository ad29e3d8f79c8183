package io.akkord.actors.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.checkpoint.CheckpointContent.Dtype;
import io.akkord.model.UserError;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** One safetensors file of a checkpoint, read as the raw bytes that were written. */
final class TensorFile implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final JsonNode header;
  private final long dataStart;

  private TensorFile(Path file, FileChannel channel, JsonNode header, long dataStart) {
    this.file = file;
    this.channel = channel;
    this.header = header;
    this.dataStart = dataStart;
  }

  @SuppressWarnings("StreamResourceLeak")
  static TensorFile open(Path file) {
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      readFully(channel, 0, length);
      long headerBytes = length.flip().getLong();
      if (headerBytes < 2 || headerBytes > channel.size() - 8) {
        throw new IOException("a header of " + headerBytes + " bytes");
      }
      ByteBuffer header = ByteBuffer.allocate(Math.toIntExact(headerBytes));
      readFully(channel, 8, header);
      return new TensorFile(
          file, channel, new ObjectMapper().readTree(header.array()), 8 + headerBytes);
    } catch (IOException e) {
      throw new UserError(
          file + ": not a whole safetensors file (" + e + "). Use another checkpoint.", e);
    }
  }

  /** Refuses a file that lacks a tensor or has it in another shape or type. */
  void require(String name, Dtype dtype, long[] shape) {
    JsonNode entry = header.path(name);
    String expected = dtype + " " + Arrays.toString(shape);
    String found =
        entry.isMissingNode()
            ? "nothing"
            : entry.path("dtype").asText() + " " + Arrays.toString(longs(entry.path("shape")));
    if (!found.equals(expected)) {
      throw new UserError(
          file
              + ": tensor "
              + name
              + ": found "
              + found
              + ", expected "
              + expected
              + ". Resume with the model and dtype the checkpoint was made with.");
    }
  }

  /** Fills {@code dst} from a tensor's bytes. */
  void read(String name, long fromByte, ByteBuffer dst) throws IOException {
    long start = header.path(name).path("data_offsets").path(0).asLong();
    readFully(channel, dataStart + start + fromByte, dst);
  }

  private static long[] longs(JsonNode array) {
    long[] values = new long[array.size()];
    Arrays.setAll(values, i -> array.path(i).asLong());
    return values;
  }

  private static void readFully(FileChannel channel, long from, ByteBuffer dst) throws IOException {
    long at = from;
    while (dst.hasRemaining()) {
      int read = channel.read(dst, at);
      if (read < 0) {
        throw new EOFException("it ends at byte " + channel.size());
      }
      at += read;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}

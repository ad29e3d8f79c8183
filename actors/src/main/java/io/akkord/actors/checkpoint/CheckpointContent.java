package io.akkord.actors.checkpoint;

import io.akkord.proto.CheckpointManifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What goes into a checkpoint.
 *
 * @param facts the manifest but for format, time and files
 * @param dtype of the master weights and moments
 * @param weightsFile what the file of the weights is called
 * @param tensors the parameters and where they lie in the flat buffers, in the order of the file
 * @param weights master weights
 * @param firstMoment Adam's m
 * @param secondMoment Adam's v
 * @param ledger writes {@code ledger.bin}
 * @param ledgerBytes about what that takes
 * @param metadata copies config, tokenizer and generation files into the folder
 * @param trainerState the text of {@code trainer_state.json}
 */
public record CheckpointContent(
    CheckpointManifest facts,
    Dtype dtype,
    String weightsFile,
    List<Tensor> tensors,
    FlatSource weights,
    FlatSource firstMoment,
    FlatSource secondMoment,
    PathWriter ledger,
    long ledgerBytes,
    PathWriter metadata,
    String trainerState) {

  /** Configuration, tokenizer, state and manifests. */
  private static final long SMALL_FILES = 64L << 20;

  /** Element types of a checkpoint, named as safetensors does. */
  public enum Dtype {
    /** 32-bit floats. */
    F32(4),
    /** 64-bit floats. */
    F64(8);

    private final int bytes;

    Dtype(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
      return bytes;
    }
  }

  /** A parameter: name in the Hugging Face folder, dimensions, first element in a flat buffer. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Tensor(String name, long[] shape, long offset) {
    /** Product of the dimensions. */
    public long elements() {
      long elements = 1;
      for (long dimension : shape) {
        elements = Math.multiplyExact(elements, dimension);
      }
      return elements;
    }
  }

  /** Writes to a path: a file, or files into a folder. */
  @FunctionalInterface
  public interface PathWriter {
    /** Writes; need not force to disk. */
    void writeTo(Path path) throws IOException;
  }

  /** Copies the list. */
  public CheckpointContent {
    tensors = List.copyOf(tensors);
  }

  /** About what the checkpoint takes on the disk. */
  long bytes() {
    long elements = tensors.stream().mapToLong(Tensor::elements).sum();
    return bytes(elements, dtype, ledgerBytes);
  }

  /**
   * About what a checkpoint takes on the disk.
   *
   * @param elements parameters that are trained
   */
  public static long bytes(long elements, Dtype dtype, long ledgerBytes) {
    // Weights and two moments; the ledger a second time as text for people.
    return 3 * elements * dtype.bytes() + 3 * ledgerBytes + SMALL_FILES;
  }
}

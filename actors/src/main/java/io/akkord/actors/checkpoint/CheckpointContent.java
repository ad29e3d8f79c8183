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
    PathWriter metadata,
    String trainerState) {

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

  /** Bytes of weights and both moments. */
  long tensorBytes() {
    return tensors.stream().mapToLong(Tensor::elements).sum() * dtype.bytes();
  }
}

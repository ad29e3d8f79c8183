package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.CheckpointContent.Dtype;
import io.akkord.actors.checkpoint.CheckpointContent.Tensor;
import io.akkord.actors.ledger.LedgerFile;
import io.akkord.model.UserError;
import io.akkord.model.hf.AdapterFolder;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.hf.SafetensorsFile;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.LedgerImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Reads the states of a checkpoint back into flat buffers. */
public final class CheckpointReader {
  static final String FIRST_MOMENT = "exp_avg.";
  static final String SECOND_MOMENT = "exp_avg_sq.";

  private final Path folder;
  private final CheckpointManifest manifest;
  private final SafetensorsFile model;
  private final SafetensorsFile optimizer;

  private CheckpointReader(
      Path folder, CheckpointManifest manifest, SafetensorsFile model, SafetensorsFile optimizer) {
    this.folder = folder;
    this.manifest = manifest;
    this.model = model;
    this.optimizer = optimizer;
  }

  /**
   * Opens a checkpoint folder; its hashes are {@link Checkpoints#verify}'s business.
   *
   * @throws io.akkord.model.UserError when it is not a checkpoint
   */
  public static CheckpointReader open(Path folder) {
    CheckpointManifest manifest = Checkpoints.manifest(folder);
    String weights = AdapterFolder.isAdapter(folder) ? AdapterFolder.WEIGHTS : HfFolder.WEIGHTS;
    SafetensorsFile model = SafetensorsFile.open(folder.resolve(weights));
    SafetensorsFile optimizer = SafetensorsFile.open(folder.resolve(CheckpointWriter.OPTIMIZER));
    return new CheckpointReader(folder, manifest, model, optimizer);
  }

  /** What the checkpoint says of itself. */
  public CheckpointManifest manifest() {
    return manifest;
  }

  /** The ledger as it was. */
  public LedgerImage ledger() {
    return LedgerFile.read(folder.resolve(CheckpointWriter.LEDGER));
  }

  /** The text of {@code trainer_state.json}. */
  public String trainerState() throws IOException {
    return Files.readString(folder.resolve(CheckpointWriter.TRAINER_STATE));
  }

  /** The master weights as a flat buffer of this layout; gaps between tensors read as zero. */
  public FlatSource weights(List<Tensor> layout, Dtype dtype) {
    return flat(model, "", layout, dtype);
  }

  /** Adam's m as a flat buffer of this layout. */
  public FlatSource firstMoment(List<Tensor> layout, Dtype dtype) {
    return flat(optimizer, FIRST_MOMENT, layout, dtype);
  }

  /** Adam's v as a flat buffer of this layout. */
  public FlatSource secondMoment(List<Tensor> layout, Dtype dtype) {
    return flat(optimizer, SECOND_MOMENT, layout, dtype);
  }

  private FlatSource flat(SafetensorsFile file, String prefix, List<Tensor> layout, Dtype dtype) {
    if (!manifest.getMasterDtype().equals(dtype.name())) {
      throw new UserError(
          folder
              + ": weights and moments are "
              + manifest.getMasterDtype()
              + ", this run keeps "
              + dtype
              + ". Resume with the dtype the checkpoint was made with.");
    }
    layout.forEach(tensor -> requireShape(file, prefix, tensor));
    return (from, dst) -> {
      zero(dst.duplicate());
      long to = from + dst.remaining() / dtype.bytes();
      for (Tensor tensor : layout) {
        long lo = Math.max(from, tensor.offset());
        long hi = Math.min(to, tensor.offset() + tensor.elements());
        if (lo < hi) {
          int at = dst.position() + (int) (lo - from) * dtype.bytes();
          ByteBuffer part = dst.slice(at, (int) (hi - lo) * dtype.bytes());
          read(file, prefix + tensor.name(), lo - tensor.offset(), part, dtype);
        }
      }
      dst.position(dst.limit());
    };
  }

  private static void read(
      SafetensorsFile file, String name, long from, ByteBuffer part, Dtype dtype) {
    part.order(ByteOrder.LITTLE_ENDIAN);
    if (dtype == Dtype.F64) {
      file.readDouble(name, from, part.asDoubleBuffer());
    } else {
      file.read(name, from, part.asFloatBuffer());
    }
  }

  private void requireShape(SafetensorsFile file, String prefix, Tensor tensor) {
    long[] found = file.shape(prefix + tensor.name());
    if (!Arrays.equals(found, tensor.shape())) {
      throw new UserError(
          folder
              + ": tensor "
              + prefix
              + tensor.name()
              + ": found "
              + Arrays.toString(found)
              + ", expected "
              + Arrays.toString(tensor.shape())
              + ". Resume with the model the checkpoint was made with.");
    }
  }

  private static void zero(ByteBuffer dst) {
    byte[] zeros = new byte[Math.min(dst.remaining(), 1 << 16)];
    while (dst.hasRemaining()) {
      dst.put(zeros, 0, Math.min(dst.remaining(), zeros.length));
    }
  }
}

package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.CheckpointContent.Dtype;
import io.akkord.actors.checkpoint.CheckpointContent.Tensor;
import io.akkord.actors.ledger.LedgerFile;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.LedgerImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads the states of a checkpoint back into flat buffers. */
public final class CheckpointReader implements AutoCloseable {
  static final String FIRST_MOMENT = "exp_avg.";
  static final String SECOND_MOMENT = "exp_avg_sq.";

  private final Path folder;
  private final CheckpointManifest manifest;
  private final TensorFile model;
  private final TensorFile optimizer;

  private CheckpointReader(
      Path folder, CheckpointManifest manifest, TensorFile model, TensorFile optimizer) {
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
    TensorFile model = TensorFile.open(folder.resolve(CheckpointWriter.MODEL));
    TensorFile optimizer = TensorFile.open(folder.resolve(CheckpointWriter.OPTIMIZER));
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

  private static FlatSource flat(TensorFile file, String prefix, List<Tensor> layout, Dtype dtype) {
    layout.forEach(tensor -> file.require(prefix + tensor.name(), dtype, tensor.shape()));
    return (from, dst) -> {
      zero(dst.duplicate());
      long to = from + dst.remaining() / dtype.bytes();
      int base = dst.position();
      for (Tensor tensor : layout) {
        long lo = Math.max(from, tensor.offset());
        long hi = Math.min(to, tensor.offset() + tensor.elements());
        if (lo < hi) {
          int at = base + (int) ((lo - from) * dtype.bytes());
          int bytes = (int) ((hi - lo) * dtype.bytes());
          file.read(
              prefix + tensor.name(),
              (lo - tensor.offset()) * dtype.bytes(),
              dst.duplicate().limit(at + bytes).position(at));
        }
      }
      dst.position(dst.limit());
    };
  }

  private static void zero(ByteBuffer dst) {
    byte[] zeros = new byte[Math.min(dst.remaining(), 1 << 16)];
    while (dst.hasRemaining()) {
      dst.put(zeros, 0, Math.min(dst.remaining(), zeros.length));
    }
  }

  @Override
  public void close() throws IOException {
    model.close();
    optimizer.close();
  }
}

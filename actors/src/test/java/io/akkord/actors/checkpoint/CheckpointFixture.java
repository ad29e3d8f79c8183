package io.akkord.actors.checkpoint;

import io.akkord.actors.checkpoint.CheckpointContent.Dtype;
import io.akkord.actors.checkpoint.CheckpointContent.Tensor;
import io.akkord.actors.ledger.LedgerFile;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.CycleClosed;
import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerEvent.GroupStored;
import io.akkord.proto.LedgerImage;
import io.akkord.proto.LedgerRules;
import io.akkord.proto.Rewrite;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;

/** A model of two tensors with a gap between them; element e of a buffer is base + e + steps. */
public final class CheckpointFixture {
  public static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T12:00:00Z"), ZoneOffset.UTC);
  static final List<Tensor> TENSORS =
      List.of(
          new Tensor("model.embed_tokens.weight", new long[] {5, 2}, 16),
          new Tensor("model.norm.weight", new long[] {3}, 0));

  static final long LEDGER_BYTES = 5L << 20;

  private CheckpointFixture() {}

  /** What a checkpoint after so many steps holds. */
  public static CheckpointContent content(long steps) {
    return content(steps, Dtype.F32);
  }

  static CheckpointContent content(long steps, Dtype dtype) {
    return content(facts(steps).build(), dtype);
  }

  public static CheckpointContent content(CheckpointManifest facts, Dtype dtype) {
    long steps = facts.getCommittedSteps();
    return new CheckpointContent(
        facts,
        dtype,
        "model.safetensors",
        TENSORS,
        buffer(dtype, 1000.0 + (double) steps),
        buffer(dtype, 2000.0 + (double) steps),
        buffer(dtype, 3000.0 + (double) steps),
        file -> LedgerFile.write(file, ledger(steps)),
        LEDGER_BYTES,
        folder -> Files.writeString(folder.resolve("config.json"), "{}"),
        "{\"global_step\": " + steps + "}");
  }

  public static CheckpointManifest.Builder facts(long steps) {
    return CheckpointManifest.newBuilder()
        .setRunId("first")
        .setAttempt(1)
        .setCommittedSteps(steps)
        .setRecipeFingerprint("recipe-a")
        .setRecipe("seed: 42")
        .setEngine(CheckpointManifest.Engine.newBuilder().setLibtorch("2.7.1").setThreads(1));
  }

  static FlatSource buffer(Dtype dtype, double base) {
    return (from, dst) -> {
      for (long e = from; dst.hasRemaining(); e++) {
        if (dtype == Dtype.F64) {
          dst.putDouble(base + e);
        } else {
          dst.putFloat((float) (base + e));
        }
      }
    };
  }

  /** A ledger with one rewrite taken and one refused. */
  static LedgerImage ledger(long steps) {
    LedgerState state =
        new LedgerState(LedgerRules.newBuilder().setSamples(4).setDecay(0.9).build());
    state.apply(
        LedgerEvent.newBuilder()
            .setCycleOpened(CycleOpened.newBuilder().setCycle(1).setGroupSize(2))
            .build());
    state.apply(
        LedgerEvent.newBuilder()
            .setGroupStored(
                GroupStored.newBuilder()
                    .addOutcomes(
                        Rewrite.newBuilder()
                            .setSample(2)
                            .setRevision(1)
                            .setAccepted(true)
                            .setText("a \"b\"\n")
                            .addCompletionIds(7)
                            .setCostBefore(3)
                            .setCostAfter(1.5))
                    .addOutcomes(
                        Rewrite.newBuilder()
                            .setSample(3)
                            .setReason("no EOS")
                            .setCostAfter(Double.NaN)))
            .build());
    state.apply(
        LedgerEvent.newBuilder().setCycleClosed(CycleClosed.newBuilder().setCycle(1)).build());
    return state.image("first", 1, 3).toBuilder().setCommittedSteps(steps).build();
  }
}

package io.akkord.deploy.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * The engine against PyTorch eager, and exact CADFT against DFT, each pair measured in turn in one
 * run. Runs on a device thread.
 */
public final class EngineBench {
  private static final int ROWS = 4;
  private static final int LENGTH = 256;
  private static final int MICRO_BATCHES = 16;

  /** How many of the micro-batches are held. */
  private static final int[] HELD = {16, 8, 0};

  private final int threads;
  private final int rounds;
  private final int steps;
  private final Consumer<String> progress;

  /**
   * Prepares a bench.
   *
   * @param rounds pairs of measurements; the median counts
   * @param steps optimiser steps per measurement
   */
  public EngineBench(int threads, int rounds, int steps, Consumer<String> progress) {
    this.threads = threads;
    this.rounds = rounds;
    this.steps = steps;
    this.progress = progress;
  }

  /**
   * Tokens per second of forward + backward + AdamW, 21.7 M parameters, batch 4×256, fp32.
   *
   * @param python interpreter with torch for the peer
   */
  public Figure againstPyTorch(String python, Path script) {
    double[] ours = new double[rounds];
    double[] theirs = new double[rounds];
    String version;
    try (EngineLoop loop = new EngineLoop(threads, 1, ROWS, LENGTH);
        PyTorchPeer peer = PyTorchPeer.start(python, script, threads)) {
      version = peer.version();
      timed(() -> loop.cadftStep(1), 3);
      peer.seconds(3);
      for (int round = 0; round < rounds; round++) {
        ours[round] = steps * ROWS * LENGTH / timed(() -> loop.cadftStep(1), steps);
        theirs[round] = steps * ROWS * LENGTH / peer.seconds(steps);
        progress.accept(
            "engine round %d of %d: %.0f tokens/s, PyTorch %.0f"
                .formatted(round + 1, rounds, ours[round], theirs[round]));
      }
    }
    return Figure.paired(
        "engine_train_step_21.7M_4x256_fp32",
        ours,
        "tokens/s",
        theirs,
        "PyTorch " + version + " eager");
  }

  /**
   * Seconds per step of exact CADFT over those of DFT, 16 micro-batches, for several shares of
   * forwards that are held: what is not held costs one more forward, a third of a step.
   */
  public List<Figure> cadftOverDft() {
    double[][] cadft = new double[HELD.length][rounds];
    double[] dft = new double[rounds];
    try (EngineLoop loop = new EngineLoop(threads, MICRO_BATCHES, 1, LENGTH)) {
      timed(() -> loop.cadftStep(MICRO_BATCHES), 1);
      timed(loop::dftStep, 1);
      for (int round = 0; round < rounds; round++) {
        dft[round] = timed(loop::dftStep, 1);
        StringBuilder line =
            new StringBuilder(
                "barrier round %d of %d: DFT %.2f s; CADFT, held share"
                    .formatted(round + 1, rounds, dft[round]));
        for (int h = 0; h < HELD.length; h++) {
          int holding = HELD[h];
          cadft[h][round] = timed(() -> loop.cadftStep(holding), 1);
          line.append(" %.2f: %.2f s".formatted(share(holding), cadft[h][round]));
        }
        progress.accept(line.toString());
      }
    }
    List<Figure> figures = new ArrayList<>();
    for (int h = 0; h < HELD.length; h++) {
      String name =
          String.format(
              Locale.ROOT,
              "cadft_over_dft_held_share_%.2f_(1+(1-h)/3=%.3f)",
              share(HELD[h]),
              1 + (1 - share(HELD[h])) / 3);
      figures.add(Figure.paired(name, cadft[h], "s/step", dft, "DFT, same path"));
    }
    return figures;
  }

  /**
   * Seconds per step and peak memory of exact CADFT with activation checkpointing over those
   * without, 16 micro-batches, all held. Memory is taken in the first round alone, the checkpointed
   * steps first: later the allocator keeps what the plain ones needed.
   */
  public List<Figure> checkpointingOverPlain() {
    double[][] seconds = new double[2][rounds];
    double[] peaks = new double[2];
    for (int round = 0; round < rounds; round++) {
      for (int plain = 0; plain < 2; plain++) {
        try (EngineLoop loop = new EngineLoop(threads, MICRO_BATCHES, 1, LENGTH, plain == 0)) {
          ResidentMemory.forgetPeak();
          timed(() -> loop.cadftStep(MICRO_BATCHES), 1);
          seconds[plain][round] = timed(() -> loop.cadftStep(MICRO_BATCHES), 1);
          peaks[plain] = round == 0 ? ResidentMemory.peakMebibytes() : peaks[plain];
        }
      }
      progress.accept(
          "checkpointing round %d of %d: %.2f s, without %.2f s"
              .formatted(round + 1, rounds, seconds[0][round], seconds[1][round]));
    }
    return List.of(
        Figure.paired("checkpointed_step", seconds[0], "s/step", seconds[1], "without"),
        Figure.paired(
            "checkpointed_peak_memory",
            new double[] {peaks[0]},
            "MiB",
            new double[] {peaks[1]},
            "without"));
  }

  private static double share(int holding) {
    return (double) holding / MICRO_BATCHES;
  }

  private static double timed(Runnable step, int steps) {
    long start = System.nanoTime();
    for (int i = 0; i < steps; i++) {
      step.run();
    }
    return (System.nanoTime() - start) / 1e9;
  }
}

package io.akkord.deploy.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The engine against PyTorch eager, and exact CADFT against DFT, each pair measured in turn in one
 * run. Runs on a device thread.
 */
public final class EngineBench {
  private static final int ROWS = 4;
  private static final int LENGTH = 256;
  private static final int MICRO_BATCHES = 16;

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
   * All figures of the engine.
   *
   * @param python interpreter with torch for the peer; null leaves the peer out
   */
  public List<Figure> run(String python, Path script) {
    List<Figure> figures = new ArrayList<>();
    if (python != null) {
      figures.add(againstPyTorch(python, script));
    }
    figures.add(cadftOverDft());
    return figures;
  }

  /** Tokens per second of forward + backward + AdamW, 21.7 M parameters, batch 4×256, fp32. */
  private Figure againstPyTorch(String python, Path script) {
    double[] ours = new double[rounds];
    double[] theirs = new double[rounds];
    String version;
    try (EngineLoop loop = new EngineLoop(threads, 1, ROWS, LENGTH);
        PyTorchPeer peer = PyTorchPeer.start(python, script, threads)) {
      version = peer.version();
      timed(loop, true, 3);
      peer.seconds(3);
      for (int round = 0; round < rounds; round++) {
        ours[round] = steps * ROWS * LENGTH / timed(loop, true, steps);
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

  /** Seconds per step of CADFT with every forward held over DFT, 16 micro-batches. */
  private Figure cadftOverDft() {
    double[] cadft = new double[rounds];
    double[] dft = new double[rounds];
    try (EngineLoop loop = new EngineLoop(threads, MICRO_BATCHES, 1, LENGTH)) {
      timed(loop, true, 1);
      timed(loop, false, 1);
      for (int round = 0; round < rounds; round++) {
        cadft[round] = timed(loop, true, 1);
        dft[round] = timed(loop, false, 1);
        progress.accept(
            "barrier round %d of %d: CADFT %.2f s, DFT %.2f s"
                .formatted(round + 1, rounds, cadft[round], dft[round]));
      }
    }
    return Figure.paired(
        "cadft_over_dft_16_micro_batches_all_held", cadft, "s/step", dft, "DFT, same path");
  }

  private static double timed(EngineLoop loop, boolean cadft, int steps) {
    long start = System.nanoTime();
    for (int i = 0; i < steps; i++) {
      loop.step(cadft);
    }
    return (System.nanoTime() - start) / 1e9;
  }
}

package io.akkord.model.engine;

import ai.djl.pytorch.jni.JniUtils;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * The only way to native code: one thread per device, jobs in the order they were submitted.
 *
 * <p>The thread first switches off the graph executor's optimiser (the flag is per thread, and with
 * it on the first call of a module gives other gradients than all later ones), then sets grad mode
 * and its number of native threads, which is a constant of the recipe because it changes bits.
 */
public final class DeviceThread implements AutoCloseable {
  private final ExecutorService executor;

  private DeviceThread(ExecutorService executor) {
    this.executor = executor;
  }

  /**
   * Starts the thread.
   *
   * @param name for logs and stack traces
   * @param threads native threads of one operation, at least 1
   */
  public static DeviceThread start(String name, int threads) {
    ExecutorService executor =
        Executors.newSingleThreadExecutor(
            job -> {
              Thread thread = new Thread(() -> runPrepared(job, threads), name);
              thread.setDaemon(true);
              return thread;
            });
    return new DeviceThread(executor);
  }

  private static void runPrepared(Runnable job, int threads) {
    prepareCallingThread(threads);
    job.run();
  }

  /** What every thread that calls native code must do first. */
  static void prepareCallingThread(int threads) {
    NativeLibrary.load();
    JniUtils.setGraphExecutorOptimize(false);
    JniUtils.setGradMode(true);
    JniUtils.setNumThreads(threads);
  }

  /** Runs a job on the device thread; a failure fails the stage. */
  public <T> CompletionStage<T> submit(Callable<T> job) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      executor.execute(() -> complete(result, job));
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(new IllegalStateException("the device thread was closed", e));
    }
    return result;
  }

  private static <T> void complete(CompletableFuture<T> result, Callable<T> job) {
    try {
      result.complete(job.call());
    } catch (Throwable e) {
      result.completeExceptionally(e);
    }
  }

  /** No further jobs; those submitted still run. */
  @Override
  public void close() {
    executor.shutdown();
  }
}

package io.akkord.model.engine;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Runs test code where native calls belong, and waits. */
public final class OnDeviceThread {
  private OnDeviceThread() {}

  /** The result of a job on a fresh device thread with one native thread. */
  public static <T> T run(Callable<T> job) {
    try (DeviceThread device = DeviceThread.start("test-device", 1)) {
      return device.submit(job).toCompletableFuture().get(120, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      if (e.getCause() instanceof Error r) {
        throw r;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }
}

package io.akkord.actors.params;

import io.akkord.actors.run.RunFacts;
import io.akkord.model.layout.ParameterLayout.Slice;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;

/** Where slices are kept and computed: one thread, jobs in the order they were submitted. */
public interface SliceDevice {

  /** Runs a job on the device's thread; a failure fails the stage. */
  <T> CompletionStage<T> submit(Callable<T> job);

  /**
   * Allocates a slice and copies what it starts from; in a job.
   *
   * @param firstMoment null, as the second, where training has not begun
   */
  SliceStore open(
      RunFacts facts,
      Slice slice,
      ByteBuffer weights,
      ByteBuffer firstMoment,
      ByteBuffer secondMoment);
}

package io.akkord.actors.run;

import io.akkord.actors.disk.FreeSpace;
import io.akkord.config.EffectiveRecipe;
import io.akkord.config.Settings;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What a training run in one JVM is started with.
 *
 * @param workers worker actors, at least 1
 * @param resume continue the run in the recipe's output folder
 * @param resumeAnyway what may differ from the run in the folder: keys of the recipe, {@code data},
 *     {@code model}
 * @param space asked for room before the run and before each checkpoint
 * @param say told in lines what a person should know before the first step
 * @param listener told what happens
 */
public record TrainOptions(
    EffectiveRecipe recipe,
    Settings settings,
    int workers,
    boolean resume,
    Set<String> resumeAnyway,
    FreeSpace space,
    Consumer<String> say,
    RunListener listener) {

  /** Copies the set. */
  public TrainOptions {
    resumeAnyway = Set.copyOf(resumeAnyway);
  }

  /** On the real disk, and a run that is resumed must be the one in the folder. */
  public TrainOptions(
      EffectiveRecipe recipe,
      Settings settings,
      int workers,
      boolean resume,
      Consumer<String> say,
      RunListener listener) {
    this(recipe, settings, workers, resume, Set.of(), FreeSpace.real(), say, listener);
  }
}

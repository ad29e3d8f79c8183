package io.akkord.actors.run;

import io.akkord.config.EffectiveRecipe;
import io.akkord.config.Settings;
import java.util.function.Consumer;

/**
 * What a training run in one JVM is started with.
 *
 * @param workers worker actors, at least 1
 * @param resume continue the run in the recipe's output folder
 * @param say told in lines what a person should know before the first step
 * @param listener told what happens
 */
public record TrainOptions(
    EffectiveRecipe recipe,
    Settings settings,
    int workers,
    boolean resume,
    Consumer<String> say,
    RunListener listener) {}

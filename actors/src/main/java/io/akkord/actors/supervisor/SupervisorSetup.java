package io.akkord.actors.supervisor;

import io.akkord.actors.run.RunFacts;
import io.akkord.proto.CheckpointManifest;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What a supervisor starts with.
 *
 * @param startStep committed steps of what it goes on from; 0 for a fresh run
 * @param adamSteps of them, those that moved the weights
 * @param workers how many are expected
 * @param replicas further copies of each slice, where workers keep slices
 * @param manifest the facts of every checkpoint of this attempt that do not change
 * @param bestValue best metric so far
 * @param bestStep where it was
 * @param takenOver what workers have kept for it; empty: it starts from a checkpoint or the model
 */
public record SupervisorSetup(
    RunFacts facts,
    long startStep,
    long adamSteps,
    int workers,
    int replicas,
    CheckpointManifest manifest,
    OptionalDouble bestValue,
    OptionalLong bestStep,
    Optional<TakenOver> takenOver) {}

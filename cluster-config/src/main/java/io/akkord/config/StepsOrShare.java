package io.akkord.config;

/** A place in a run or a period of it, in steps or as a share of the run. */
public sealed interface StepsOrShare {
  /** So many optimiser steps, at least 1. */
  record Steps(long steps) implements StepsOrShare {
    @Override
    public long in(long totalSteps) {
      return steps;
    }

    @Override
    public String toString() {
      return Long.toString(steps);
    }
  }

  /** A share of the run, between 0 and 1 (both excluded). */
  record Share(double share) implements StepsOrShare {
    @Override
    public long in(long totalSteps) {
      return Math.max(1, Math.round(share * totalSteps));
    }

    @Override
    public String toString() {
      return Double.toString(share);
    }
  }

  /** In steps, for a run of {@code totalSteps}: a share is rounded to the nearest, at least 1. */
  long in(long totalSteps);
}

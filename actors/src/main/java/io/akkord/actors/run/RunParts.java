package io.akkord.actors.run;

import io.akkord.actors.ledger.LedgerSeed;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.supervisor.SupervisorSetup;
import java.util.Optional;

/** What the guardian puts together. */
record RunParts(
    RunFacts facts,
    SupervisorSetup setup,
    Inputs inputs,
    SliceStore.Initial initial,
    Optional<LedgerSeed> ledgerSeed,
    int workers,
    MetricsFile metrics,
    RunListener listener) {}

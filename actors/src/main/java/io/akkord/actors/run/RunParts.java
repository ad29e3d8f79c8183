package io.akkord.actors.run;

import akka.actor.typed.ActorRef;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.LedgerSeed;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.supervisor.SupervisorSetup;
import io.akkord.actors.worker.WorkerHost;
import java.util.List;
import java.util.Optional;

/**
 * What an attempt is put together from.
 *
 * @param missed steps of earlier attempts that the metrics lack
 * @param control host of all slices; null where workers keep them
 */
record RunParts(
    RunFacts facts,
    SupervisorSetup setup,
    Inputs inputs,
    SliceStore.Initial initial,
    Optional<LedgerSeed> ledgerSeed,
    List<StepReport> missed,
    MetricsFile metrics,
    TensorBoardFile tensorBoard,
    RunListener listener,
    ContentSettings content,
    Journal journal,
    Bulk bulk,
    ActorRef<WorkerHost.Command> control) {}

package io.akkord.actors.run;

import akka.actor.typed.ActorRef;
import io.akkord.actors.bulk.Bulk;
import io.akkord.actors.content.ContentSettings;
import io.akkord.actors.disk.FreeSpace;
import io.akkord.actors.journal.Journal;
import io.akkord.actors.ledger.LedgerSetup;
import io.akkord.actors.params.SliceStore;
import io.akkord.actors.params.StepReport;
import io.akkord.actors.supervisor.SupervisorSetup;
import io.akkord.actors.worker.WorkerHost;
import java.util.List;

/**
 * What an attempt is put together from.
 *
 * @param missed steps of earlier attempts that the metrics lack
 * @param space asked before each checkpoint
 * @param control host of all slices; null where workers keep them
 */
record RunParts(
    RunFacts facts,
    SupervisorSetup setup,
    Inputs inputs,
    SliceStore.Initial initial,
    LedgerSetup ledger,
    List<StepReport> missed,
    MetricsFile metrics,
    TensorBoardFile tensorBoard,
    RunListener listener,
    ContentSettings content,
    Journal journal,
    Bulk bulk,
    FreeSpace space,
    ActorRef<WorkerHost.Command> control) {}

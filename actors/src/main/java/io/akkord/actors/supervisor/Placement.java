package io.akkord.actors.supervisor;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import io.akkord.actors.params.Holder;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.params.SliceFeeder;
import io.akkord.actors.worker.WorkerHost;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Which process keeps which slices of the parameters. Slice i goes to member i, its copy to the
 * next one; what a lost member kept gets a new copy elsewhere. The supervisor's own thread only.
 */
final class Placement {
  private static final String CONTROL = "control";

  private final SupervisorSetup setup;
  private final Supervisor.Peers peers;
  private final Map<String, Supervisor.Member> members;
  private final ActorRef<WorkerHost.CopyStarted> started;
  private final List<Set<String>> wanted = new ArrayList<>();
  private final List<Map<String, Holder>> placed = new ArrayList<>();
  private boolean begun;

  Placement(
      ActorContext<Supervisor.Command> context,
      SupervisorSetup setup,
      Supervisor.Peers peers,
      Map<String, Supervisor.Member> members) {
    this.setup = setup;
    this.peers = peers;
    this.members = members;
    this.started =
        context.messageAdapter(WorkerHost.CopyStarted.class, Supervisor.CopyStarted::new);
    int slices = setup.facts().slices().size();
    IntStream.range(0, slices)
        .forEach(
            slice -> {
              wanted.add(new LinkedHashSet<>());
              placed.add(new LinkedHashMap<>());
            });
  }

  private int copies() {
    return peers.control() != null ? 1 : Math.min(members.size(), 1 + setup.replicas());
  }

  private List<String> candidates() {
    return peers.control() != null ? List.of(CONTROL) : members.keySet().stream().sorted().toList();
  }

  /** Asks for every copy that is missing. */
  void place() {
    List<String> candidates = candidates();
    for (int slice = 0; slice < wanted.size(); slice++) {
      Set<String> keepers = wanted.get(slice);
      for (int k = 0; k < candidates.size() && keepers.size() < copies(); k++) {
        String keeper = candidates.get((slice + k) % candidates.size());
        if (keepers.add(keeper)) {
          ask(slice, keeper);
        }
      }
    }
  }

  private void ask(int slice, String keeper) {
    ActorRef<WorkerHost.Command> host =
        keeper.equals(CONTROL) ? peers.control() : members.get(keeper).host();
    host.tell(
        new WorkerHost.StartCopy(
            peers.spec(), slice, peers.checkpointLane(), peers.server(), started));
  }

  /** A copy is there; before the start all of them are filled from where the run starts. */
  void onStarted(WorkerHost.CopyStarted copy) {
    Holder holder = copy.holder();
    if (!wanted.get(copy.slice()).contains(holder.id())) {
      return;
    }
    placed.get(copy.slice()).put(holder.id(), holder);
    members.forEach((id, member) -> holder.ref().tell(new ParameterShard.Admit(id, member.lane())));
    if (begun) {
      peers.server().tell(new ParameterServer.AddHolder(copy.slice(), holder));
    } else {
      peers.feeder().tell(new SliceFeeder.Feed(copy.slice(), holder.lane()));
    }
  }

  boolean complete() {
    return IntStream.range(0, wanted.size())
        .allMatch(
            slice ->
                !wanted.get(slice).isEmpty()
                    && placed.get(slice).keySet().containsAll(wanted.get(slice)));
  }

  /** The copies of each slice, the one that sends the parameters first. */
  List<List<Holder>> begin() {
    begun = true;
    for (int slice = 0; slice < wanted.size(); slice++) {
      String first = wanted.get(slice).iterator().next();
      placed.get(slice).get(first).ref().tell(ParameterShard.Publish.INSTANCE);
    }
    return IntStream.range(0, wanted.size())
        .mapToObj(slice -> wanted.get(slice).stream().map(placed.get(slice)::get).toList())
        .toList();
  }

  void admit(String worker, Supervisor.Member member) {
    tellAll(new ParameterShard.Admit(worker, member.lane()));
  }

  /** Forgets a member and what it kept. */
  void lost(String worker) {
    for (int slice = 0; slice < wanted.size(); slice++) {
      wanted.get(slice).remove(worker);
      placed.get(slice).remove(worker);
    }
    tellAll(new ParameterShard.Dismiss(worker));
  }

  private void tellAll(ParameterShard.Command command) {
    placed.forEach(copies -> copies.values().forEach(holder -> holder.ref().tell(command)));
  }
}

package io.akkord.actors.supervisor;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import io.akkord.actors.bulk.LaneAddress;
import io.akkord.actors.params.Holder;
import io.akkord.actors.params.ParameterServer;
import io.akkord.actors.params.ParameterShard;
import io.akkord.actors.params.SliceFeeder;
import io.akkord.actors.takeover.TakeOver.Keeper;
import io.akkord.actors.worker.WorkerHost;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Which process keeps which slices of the parameters. Slice i goes to member i, its copy to the
 * next one; what a lost member kept gets a new copy elsewhere. The supervisor's own thread only.
 */
final class Placement {
  private static final String CONTROL = "control";

  private final SupervisorSetup setup;
  private final Supervisor.Peers peers;
  private final Members members;
  private final ActorRef<WorkerHost.CopyStarted> started;
  private final List<Set<String>> wanted = new ArrayList<>();
  private final List<Map<String, Holder>> placed = new ArrayList<>();
  private final List<Set<String>> adopting = new ArrayList<>();
  private final List<List<Holder>> hungry = new ArrayList<>();
  private String failure;
  private boolean begun;

  Placement(
      ActorContext<Supervisor.Command> context,
      SupervisorSetup setup,
      Supervisor.Peers peers,
      Members members) {
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
              adopting.add(new HashSet<>());
              hungry.add(new ArrayList<>());
            });
  }

  /** How many copies of each slice there are to be, those of workers that leave not counted. */
  int copies() {
    return peers.control() != null ? 1 : Math.min(candidates().size(), 1 + setup.replicas());
  }

  private List<String> candidates() {
    return peers.control() != null ? List.of(CONTROL) : members.staying();
  }

  /** Asks for every copy that is missing, if there is somebody who stays. */
  void place() {
    if (members.allLeave()) {
      return;
    }
    List<String> candidates = candidates();
    for (int slice = 0; slice < wanted.size(); slice++) {
      Set<String> keepers = wanted.get(slice);
      adopt(slice, candidates);
      long stay = keepers.stream().filter(keeper -> !members.leaves(keeper)).count();
      for (int k = 0; k < candidates.size() && stay < copies(); k++) {
        String keeper = candidates.get((slice + k) % candidates.size());
        if (keepers.add(keeper)) {
          ask(slice, keeper);
          stay++;
        }
      }
    }
  }

  /** Copies that were asked for and are not there, by worker. */
  Map<String, List<Integer>> missing() {
    Map<String, List<Integer>> missing = new TreeMap<>();
    for (int slice = 0; slice < wanted.size(); slice++) {
      for (String keeper : wanted.get(slice)) {
        if (!placed.get(slice).containsKey(keeper)) {
          missing.computeIfAbsent(keeper, k -> new ArrayList<>()).add(slice);
        }
      }
    }
    return missing;
  }

  /** Who keeps a slice. */
  Set<String> keepers(int slice) {
    return Collections.unmodifiableSet(wanted.get(slice));
  }

  /** Whoever has kept the slice from the attempt before goes first. */
  private void adopt(int slice, List<String> candidates) {
    if (begun || setup.takenOver().isEmpty()) {
      return;
    }
    for (Keeper keeper : setup.takenOver().get().keepers().get(slice)) {
      boolean here = candidates.contains(keeper.host());
      if (here && wanted.get(slice).size() < copies() && wanted.get(slice).add(keeper.host())) {
        adopting.get(slice).add(keeper.host());
        ask(slice, keeper.host(), keeper.version(), keeper.finish());
      }
    }
    failWithoutSource(slice);
  }

  private void failWithoutSource(int slice) {
    if (!begun && setup.takenOver().isPresent() && adopting.get(slice).isEmpty()) {
      failure = "slice %d, which was to be taken over, is not there any more".formatted(slice);
    }
  }

  /** Why the attempt cannot begin. */
  Optional<String> failure() {
    return Optional.ofNullable(failure);
  }

  private void ask(int slice, String keeper) {
    ask(slice, keeper, -1, null);
  }

  private void ask(int slice, String keeper, long adopt, ParameterShard.Apply finish) {
    ActorRef<WorkerHost.Command> host =
        keeper.equals(CONTROL) ? peers.control() : members.get(keeper).host();
    host.tell(
        new WorkerHost.StartCopy(
            peers.spec(), slice, adopt, finish, peers.checkpointLane(), peers.server(), started));
  }

  /** A copy is there; before the start all of them are filled from where the run starts. */
  void onStarted(WorkerHost.CopyStarted copy) {
    Holder holder = copy.holder();
    int slice = copy.slice();
    if (!wanted.get(slice).contains(holder.id())) {
      return;
    }
    placed.get(slice).put(holder.id(), holder);
    members
        .all()
        .forEach((id, member) -> holder.ref().tell(new ParameterShard.Admit(id, member.lane())));
    if (begun) {
      peers.server().tell(new ParameterServer.AddHolder(slice, holder));
    } else if (setup.takenOver().isEmpty()) {
      peers.feeder().tell(new SliceFeeder.Feed(slice, holder.lane()));
    } else if (!copy.adopted()) {
      adopting.get(slice).remove(holder.id());
      hungry.get(slice).add(holder);
      failWithoutSource(slice);
    }
    feedHungry(slice);
  }

  /** The same way as a new copy in mid-run is filled. */
  private void feedHungry(int slice) {
    source(slice)
        .ifPresent(
            source -> {
              hungry.get(slice).forEach(empty -> feed(source, empty.lane()));
              hungry.get(slice).clear();
            });
  }

  private void feed(Holder source, LaneAddress lane) {
    source.ref().tell(new ParameterShard.Feed(setup.startStep(), lane));
  }

  /** A holder that has adopted what was kept. */
  private Optional<Holder> source(int slice) {
    return adopting.get(slice).stream()
        .filter(placed.get(slice)::containsKey)
        .findFirst()
        .map(placed.get(slice)::get);
  }

  /** Has the slices that the attempt begins with sent to the checkpoint. */
  void save() {
    for (int slice = 0; slice < wanted.size(); slice++) {
      source(slice).ifPresent(source -> feed(source, peers.checkpointLane()));
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
      String first = source(slice).map(Holder::id).orElse(wanted.get(slice).iterator().next());
      placed.get(slice).get(first).ref().tell(ParameterShard.Publish.INSTANCE);
    }
    return IntStream.range(0, wanted.size()).mapToObj(this::sourceFirst).toList();
  }

  /** By slice, the copies that were empty and that a source fills; after {@link #begin}. */
  List<Set<String>> beingFilled() {
    return IntStream.range(0, wanted.size())
        .mapToObj(slice -> setup.takenOver().isEmpty() ? Set.<String>of() : notAdopted(slice))
        .toList();
  }

  private Set<String> notAdopted(int slice) {
    Set<String> others = new TreeSet<>(placed.get(slice).keySet());
    others.removeAll(adopting.get(slice));
    return others;
  }

  private List<Holder> sourceFirst(int slice) {
    List<Holder> holders = new ArrayList<>();
    source(slice).ifPresent(holders::add);
    wanted.get(slice).stream()
        .map(placed.get(slice)::get)
        .filter(holder -> !holders.contains(holder))
        .forEach(holders::add);
    return holders;
  }

  void admit(String worker, Members.Member member) {
    tellAll(new ParameterShard.Admit(worker, member.lane()));
  }

  /** Forgets a member and what it kept. */
  void lost(String worker) {
    for (int slice = 0; slice < wanted.size(); slice++) {
      wanted.get(slice).remove(worker);
      placed.get(slice).remove(worker);
      adopting.get(slice).remove(worker);
      hungry.get(slice).removeIf(holder -> holder.id().equals(worker));
    }
    tellAll(new ParameterShard.Dismiss(worker));
  }

  private void tellAll(ParameterShard.Command command) {
    placed.forEach(copies -> copies.values().forEach(holder -> holder.ref().tell(command)));
  }
}

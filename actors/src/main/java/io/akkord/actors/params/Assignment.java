package io.akkord.actors.params;

import io.akkord.actors.CborMessage;
import java.util.ArrayList;
import java.util.List;

/**
 * Who computes which logical shard.
 *
 * @param number rises with every change
 * @param owners worker id of each shard
 */
public record Assignment(long number, List<String> owners) implements CborMessage {
  /** Copies the list. */
  public Assignment {
    owners = List.copyOf(owners);
  }

  /** Contiguous, balanced shares, in the order of the workers. */
  public static Assignment of(long number, int shards, List<String> workers) {
    List<String> owners = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      owners.add(workers.get((int) ((long) shard * workers.size() / shards)));
    }
    return new Assignment(number, owners);
  }

  /** Shards of a worker, rising. */
  public List<Integer> shardsOf(String worker) {
    List<Integer> shards = new ArrayList<>();
    for (int shard = 0; shard < owners.size(); shard++) {
      if (owners.get(shard).equals(worker)) {
        shards.add(shard);
      }
    }
    return shards;
  }
}

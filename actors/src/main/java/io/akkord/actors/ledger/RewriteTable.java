package io.akkord.actors.ledger;

import io.akkord.actors.ledger.Ledger.RewrittenSample;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.proto.LedgerEvent.GroupStored;
import io.akkord.proto.Rewrite;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The completions in force instead of the data file's: the last accepted rewrite of each sample.
 */
final class RewriteTable {
  private final TreeMap<Integer, Rewrite> bySample = new TreeMap<>();
  private long version;

  /** Puts a closed cycle's accepted rewrites in force. */
  void close(Collection<GroupStored> groups) {
    accepted(groups).forEach(rewrite -> bySample.put(rewrite.getSample(), rewrite));
    version++;
  }

  /** The stamp the table will have once {@code groups} are in force. */
  TableStamp stampWith(Collection<GroupStored> groups) {
    TreeMap<Integer, Rewrite> next = new TreeMap<>(bySample);
    accepted(groups).forEach(rewrite -> next.put(rewrite.getSample(), rewrite));
    return new TableStamp(version + 1, hash(next));
  }

  TableStamp stamp() {
    return new TableStamp(version, hash(bySample));
  }

  List<RewrittenSample> samples() {
    return bySample.values().stream()
        .map(r -> new RewrittenSample(r.getSample(), r.getRevision(), ids(r)))
        .toList();
  }

  static int[] ids(Rewrite rewrite) {
    return rewrite.getCompletionIdsList().stream().mapToInt(Integer::intValue).toArray();
  }

  private static List<Rewrite> accepted(Collection<GroupStored> groups) {
    return groups.stream()
        .flatMap(group -> group.getOutcomesList().stream())
        .filter(Rewrite::getAccepted)
        .toList();
  }

  /** SHA-256 over sample, revision, count and ids of each entry as little-endian int32. */
  private static String hash(SortedMap<Integer, Rewrite> table) {
    MessageDigest sha = sha256();
    for (Rewrite rewrite : table.values()) {
      int count = rewrite.getCompletionIdsCount();
      ByteBuffer bytes = ByteBuffer.allocate(4 * (3 + count)).order(ByteOrder.LITTLE_ENDIAN);
      bytes.putInt(rewrite.getSample()).putInt(rewrite.getRevision()).putInt(count);
      rewrite.getCompletionIdsList().forEach(bytes::putInt);
      sha.update(bytes.flip());
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

package io.akkord.actors.takeover;

import io.akkord.actors.CborMessage;
import io.akkord.actors.params.KeptSlices;
import io.akkord.actors.params.ParameterShard.Apply;
import java.util.List;

/**
 * A copy of a slice that has lost its supervisor, as its host tells a new one.
 *
 * @param host id of who keeps it
 * @param attempt that left it
 * @param slice its index
 * @param from first parameter
 * @param to behind its last parameter
 * @param version committed steps in it
 * @param summedUnder assignment under which step {@code version} is summed here; −1 if it is not
 * @param decided the last decisions, oldest first; one on step {@code version} is not carried out
 */
public record KeptCopy(
    String host,
    long attempt,
    int slice,
    long from,
    long to,
    long version,
    long summedUnder,
    List<Apply> decided)
    implements CborMessage {
  /** Copies the list. */
  public KeptCopy {
    decided = List.copyOf(decided);
  }

  /** What a host says of it. */
  public static KeptCopy of(String host, KeptSlices.Kept kept) {
    return new KeptCopy(
        host,
        kept.attempt(),
        kept.slice().slice().index(),
        kept.slice().slice().from(),
        kept.slice().slice().to(),
        kept.slice().version(),
        kept.slice().summedUnder(),
        kept.slice().decided());
  }
}

package io.akkord.actors.journal;

import java.util.List;

/** Events as bytes, by persistence id and sequence number. */
public interface EventSource extends AutoCloseable {
  /** Takes an event with its sequence number. */
  interface EventConsumer {
    /** The next event. */
    void accept(long sequenceNr, byte[] event);
  }

  /** The persistence ids that begin with {@code prefix}, oldest first. */
  List<String> persistenceIds(String prefix);

  /** Hands over the first event of one id. */
  byte[] first(String persistenceId);

  /** Hands over the events of one id behind a sequence number, in order. */
  void events(String persistenceId, long after, EventConsumer consumer);

  @Override
  void close();
}

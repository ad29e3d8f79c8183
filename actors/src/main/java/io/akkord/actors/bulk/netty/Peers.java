package io.akkord.actors.bulk.netty;

import io.akkord.actors.bulk.Bulk.PeerListener;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is connected, and who was lost. Lost is final for a process: it is not talked to again until
 * it starts anew. Safe for use by many threads.
 */
final class Peers {
  private static final Logger LOG = LoggerFactory.getLogger(Peers.class);
  private static final int REMEMBERED = 4096;

  private final List<PeerListener> listeners = new CopyOnWriteArrayList<>();
  private final Map<String, Set<Connection>> connections = new HashMap<>();
  private final Map<String, String> lost =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
          return size() > REMEMBERED;
        }
      };
  private final Set<Connection> all = new HashSet<>();
  private boolean closed;

  void watch(PeerListener listener) {
    listeners.add(listener);
  }

  /** There is a socket. */
  synchronized void opened(Connection connection) {
    all.add(connection);
  }

  /** There is none any more. */
  synchronized void ended(Connection connection) {
    all.remove(connection);
  }

  /** A hello is done; false if the peer was lost before. */
  synchronized boolean joined(String endpoint, Connection connection) {
    if (lost.containsKey(endpoint)) {
      return false;
    }
    connections.computeIfAbsent(endpoint, e -> new LinkedHashSet<>()).add(connection);
    return true;
  }

  /** A connection whose hello was done ended in good order. */
  synchronized void left(String endpoint, Connection connection) {
    Set<Connection> left = connections.get(endpoint);
    if (left != null && left.remove(connection) && left.isEmpty()) {
      connections.remove(endpoint);
    }
  }

  /** A connection whose hello was done broke: all others with that process end, too. */
  void broke(String endpoint, String remote, String reason) {
    Set<Connection> others;
    synchronized (this) {
      if (closed || lost.putIfAbsent(endpoint, reason) != null) {
        return;
      }
      others = connections.remove(endpoint);
    }
    LOG.warn("lost the process {}, connected with {}: {}", endpoint, remote, reason);
    for (PeerListener listener : listeners) {
      try {
        listener.onPeerLost(endpoint, reason);
      } catch (RuntimeException e) {
        LOG.error("a listener for lost processes failed", e);
      }
    }
    if (others != null) {
      others.forEach(connection -> connection.end("lost its process: " + reason));
    }
  }

  /** Why a process was lost; null: it was not. */
  synchronized String whyLost(String endpoint) {
    return lost.get(endpoint);
  }

  /** This process ends: nobody is lost from now on. Returns all connections. */
  synchronized List<Connection> close() {
    closed = true;
    return List.copyOf(all);
  }
}

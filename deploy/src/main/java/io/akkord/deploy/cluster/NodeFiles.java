package io.akkord.deploy.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import io.akkord.actors.security.UserPath;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the nodes of this machine say of themselves to later commands: a file for each, under the
 * state folder. A file whose process is gone says nothing and is removed.
 */
public final class NodeFiles {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final FileAttribute<?> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  /**
   * A node of this machine.
   *
   * @param dashboard address of the control API; empty on a worker
   */
  public record Entry(
      long pid, long startedAt, String node, String role, String address, String dashboard) {

    /** Its process, if it is still that one. */
    public Optional<ProcessHandle> process() {
      return ProcessHandle.of(pid).filter(p -> started(p) == startedAt && p.isAlive());
    }
  }

  private final Path folder;

  private NodeFiles(Path folder) {
    this.folder = folder;
  }

  /** The folder that the settings name. */
  public static NodeFiles of(Config config) {
    Path state = UserPath.of(config.getString("akkord.cluster.state-dir"));
    return new NodeFiles(state.toAbsolutePath().normalize());
  }

  /** Where all of it is. */
  public Path state() {
    return folder;
  }

  /** Where nodes print to that nobody watches. */
  public Path logs() {
    return create(folder.resolve("logs"));
  }

  private static Path create(Path path) {
    try {
      return Files.createDirectories(path);
    } catch (IOException e) {
      throw new UserError(
          "%s cannot be created (%s); set akkord.cluster.state-dir to a folder that can be written"
              .formatted(path, e),
          e);
    }
  }

  private static long started(ProcessHandle process) {
    return process.info().startInstant().map(java.time.Instant::toEpochMilli).orElse(0L);
  }

  /** Says that this process is a node that others can find. */
  public void write(String node, String role, String address, String dashboard) {
    ProcessHandle self = ProcessHandle.current();
    ObjectNode json = JSON.createObjectNode();
    json.put("pid", self.pid());
    json.put("started_at", started(self));
    json.put("node", node);
    json.put("role", role);
    json.put("address", address);
    json.put("dashboard", dashboard);
    Path file = file(self.pid());
    try {
      Path part = Files.createTempFile(file.getParent(), ".node", null, OWNER_ONLY);
      Files.writeString(part, json.toPrettyString() + "\n");
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UserError("%s cannot be written: %s".formatted(file, e), e);
    }
  }

  private Path file(long pid) {
    return create(folder.resolve("nodes")).resolve(pid + ".json");
  }

  /** This process is no node any more. */
  public void remove() {
    try {
      Files.deleteIfExists(file(ProcessHandle.current().pid()));
    } catch (IOException e) {
      // It is recognised as stale.
    }
  }

  /** The node in a process, once it has said so. */
  public Optional<Entry> of(long pid) {
    return all().stream().filter(entry -> entry.pid() == pid).findFirst();
  }

  /** The nodes that live on this machine. */
  public List<Entry> all() {
    Path nodes = folder.resolve("nodes");
    List<Entry> entries = new ArrayList<>();
    if (!Files.isDirectory(nodes)) {
      return entries;
    }
    try (Stream<Path> files = Files.list(nodes)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        JsonNode json = JSON.readTree(file.toFile());
        Entry entry =
            new Entry(
                json.path("pid").asLong(),
                json.path("started_at").asLong(),
                json.path("node").asText(),
                json.path("role").asText(),
                json.path("address").asText(),
                json.path("dashboard").asText());
        if (entry.process().isPresent()) {
          entries.add(entry);
        } else {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw new UserError("%s cannot be read: %s".formatted(nodes, e.getMessage()), e);
    }
    return entries;
  }
}

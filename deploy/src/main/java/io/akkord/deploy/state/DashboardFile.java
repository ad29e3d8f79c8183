package io.akkord.deploy.state;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * {@code dashboard.json} in an output folder: where the page of the run that goes on there is. It
 * is gone when the run is over; one whose process is gone says nothing.
 */
public final class DashboardFile {
  private static final String NAME = "dashboard.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private DashboardFile() {}

  /** Says where this process shows the run. A run goes on without. */
  public static void write(Path outputDir, String url) {
    ProcessHandle self = ProcessHandle.current();
    ObjectNode json = JSON.createObjectNode();
    json.put("url", url);
    json.put("pid", self.pid());
    json.put("started_at", started(self));
    Path part = outputDir.resolve(NAME + ".part");
    try {
      Files.writeString(part, json.toPrettyString() + "\n");
      Files.move(part, outputDir.resolve(NAME), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      // Later commands read the run's files then.
    }
  }

  private static long started(ProcessHandle process) {
    return process.info().startInstant().map(java.time.Instant::toEpochMilli).orElse(0L);
  }

  /** The page, if its process lives. */
  public static Optional<String> url(Path outputDir) {
    Path file = outputDir.resolve(NAME);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      JsonNode json = JSON.readTree(file.toFile());
      return ProcessHandle.of(json.path("pid").asLong())
          .filter(p -> p.isAlive() && started(p) == json.path("started_at").asLong())
          .map(p -> json.path("url").asText());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The run is over. */
  public static void remove(Path outputDir) {
    try {
      Files.deleteIfExists(outputDir.resolve(NAME));
    } catch (IOException e) {
      // It is recognised as stale.
    }
  }
}

package io.akkord.actors.journal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.actors.disk.Durable;
import io.akkord.config.Persistence;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a run's folder remembers of a journal that is not in it.
 *
 * @param url of the database
 * @param user who connected; whoever reads it may be somebody else
 * @param lock names this run among all that share the database
 */
record JournalPlace(String url, String user, String lock) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The place that the folder remembers; empty: there is no journal, or it is in the folder. */
  static Optional<JournalPlace> of(Path runFolder) {
    Path file = file(runFolder);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      JsonNode json = JSON.readTree(file.toFile());
      return Optional.of(
          new JournalPlace(
              json.path("url").asText(), json.path("user").asText(), json.path("lock").asText()));
    } catch (IOException e) {
      throw new UserError(
          "%s: cannot be read (%s), so nobody knows where this run's journal is"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  /** How to get there: as the settings say, and as the user who began the run if they name none. */
  Persistence in(Persistence settings) {
    return settings.at(url, settings.user().isEmpty() ? user : settings.user());
  }

  private static Path file(Path runFolder) {
    return JournalConfig.folder(runFolder).resolve("database.json");
  }

  void write(Path runFolder, Durable disk) {
    Path file = file(runFolder);
    ObjectNode json = JSON.createObjectNode();
    json.put("url", url);
    json.put("user", user);
    json.put("lock", lock);
    try {
      Files.createDirectories(file.getParent());
      // Without this file nobody finds the journal again, so it must outlive a power loss.
      disk.replace(file, part -> Files.writeString(part, json.toPrettyString() + "\n"));
    } catch (IOException e) {
      throw new UserError(
          "%s cannot be written (%s). Choose another output_dir.".formatted(file, e), e);
    }
  }
}

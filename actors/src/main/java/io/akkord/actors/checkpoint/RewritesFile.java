package io.akkord.actors.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.akkord.actors.ledger.LedgerReader;
import io.akkord.actors.ledger.LedgerState;
import io.akkord.actors.ledger.LedgerVersion;
import io.akkord.proto.LedgerImage;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code rewrites.jsonl}: every rewrite tried so far, for people; the state itself is ledger.bin.
 */
final class RewritesFile {
  private RewritesFile() {}

  static void write(Path file, LedgerImage ledger) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file);
        JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.setRootValueSeparator(null);
      for (LedgerVersion version : LedgerReader.versions(LedgerState.of(ledger))) {
        line(json, version);
        json.writeRaw('\n');
      }
    }
  }

  private static void line(JsonGenerator json, LedgerVersion version) throws IOException {
    json.writeStartObject();
    json.writeNumberField("sample", version.sample());
    json.writeNumberField("revision", version.revision());
    json.writeBooleanField("accepted", version.accepted());
    json.writeStringField("reason", version.reason());
    json.writeNumberField("cycle", version.cycle());
    json.writeNumberField("committed_steps", version.committedSteps());
    json.writeNumberField("policy_version", version.policyVersion());
    number(json, "cost_before", version.costBefore());
    number(json, "cost_after", version.costAfter());
    json.writeStringField("text", version.text());
    json.writeFieldName("completion_ids");
    json.writeArray(version.completionIds(), 0, version.completionIds().length);
    json.writeEndObject();
  }

  /** JSON has no NaN. */
  private static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    } else {
      json.writeNullField(name);
    }
  }
}

package io.akkord.deploy.state;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.akkord.model.UserError;
import java.util.List;

/** JSON and YAML for other programs: everything outside ASCII is escaped. */
public final class Output {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML =
      new ObjectMapper(new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER));

  /** How rows are written. */
  public enum Format {
    TABLE,
    JSON,
    YAML
  }

  private Output() {}

  /** The format of that name. */
  public static Format format(String text) {
    return switch (text) {
      case "table" -> Format.TABLE;
      case "json" -> Format.JSON;
      case "yaml" -> Format.YAML;
      default ->
          throw new UserError("--format is '%s'; allowed are table, json and yaml".formatted(text));
    };
  }

  /** A value as JSON or YAML. */
  public static String text(Format format, Object value) {
    JsonNode node = JSON.valueToTree(value);
    try {
      return format == Format.YAML
          ? YAML.writeValueAsString(node).stripTrailing()
          : JSON.writer()
              .with(JsonGenerator.Feature.ESCAPE_NON_ASCII)
              .withDefaultPrettyPrinter()
              .writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Columns of all rows, in the order they come up. */
  public static List<String> columns(List<JsonNode> rows) {
    java.util.Set<String> columns = new java.util.LinkedHashSet<>();
    rows.forEach(row -> row.fieldNames().forEachRemaining(columns::add));
    return List.copyOf(columns);
  }
}

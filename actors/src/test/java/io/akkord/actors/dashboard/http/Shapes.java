package io.akkord.actors.dashboard.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Compares values with the schemas of an OpenAPI document, as far as ours go. */
final class Shapes {
  private final JsonNode document;
  private final List<String> wrong = new ArrayList<>();

  private Shapes(JsonNode document) {
    this.document = document;
  }

  /** What is wrong, with where; empty if the value has the shape. */
  static List<String> wrong(JsonNode document, JsonNode schema, JsonNode value) {
    Shapes shapes = new Shapes(document);
    shapes.check("$", schema, value);
    return shapes.wrong;
  }

  private void check(String at, JsonNode named, JsonNode value) {
    if (value.isNull()) {
      if (!named.path("nullable").asBoolean()) {
        wrong.add(at + " is null");
      }
      return;
    }
    JsonNode schema =
        named.has("$ref") ? document.at(named.path("$ref").asText().substring(1)) : named;
    String type = schema.path("type").asText();
    boolean fits =
        switch (type) {
          case "object" -> value.isObject();
          case "array" -> value.isArray();
          case "string" -> value.isTextual();
          case "number" -> value.isNumber();
          case "boolean" -> value.isBoolean();
          default -> throw new IllegalStateException(at + ": no type in " + schema);
        };
    if (!fits) {
      wrong.add("%s is no %s: %s".formatted(at, type, value));
    } else if (value.isObject()) {
      object(at, schema, value);
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        check(at + "[" + i + "]", schema.path("items"), value.get(i));
      }
    } else if (schema.has("enum")) {
      boolean allowed = false;
      for (JsonNode one : schema.path("enum")) {
        allowed |= one.equals(value);
      }
      if (!allowed) {
        wrong.add(at + " is " + value);
      }
    }
  }

  /** What is not described is wrong too: who reads the file would not know of it. */
  private void object(String at, JsonNode schema, JsonNode value) {
    schema
        .path("required")
        .forEach(
            name -> {
              if (!value.has(name.asText())) {
                wrong.add(at + "." + name.asText() + " is missing");
              }
            });
    value
        .fields()
        .forEachRemaining(
            field -> {
              JsonNode known = schema.path("properties").path(field.getKey());
              JsonNode others = schema.path("additionalProperties");
              if (known.isMissingNode() && !others.isObject()) {
                wrong.add(at + "." + field.getKey() + " is not described");
              } else {
                check(
                    at + "." + field.getKey(),
                    known.isMissingNode() ? others : known,
                    field.getValue());
              }
            });
  }
}

package io.akkord.config;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** YAML text as a flat list of keys with their lines, and back. */
final class RecipeYaml {
  /** One key as it stands in a source; {@code name} is dotted inside a section. */
  record Entry(String name, Node value, Origin origin) {}

  private final String source;
  private final IntFunction<Origin> originOfLine;
  private final List<String> problems;
  private final List<Entry> entries = new ArrayList<>();
  private final Map<String, Origin> seen = new HashMap<>();

  private RecipeYaml(String source, IntFunction<Origin> originOfLine, List<String> problems) {
    this.source = source;
    this.originOfLine = originOfLine;
    this.problems = problems;
  }

  /**
   * The keys of a YAML document, in its order. What is no key with a value is added to {@code
   * problems}.
   *
   * @param source the file's name, as messages call it
   * @param originOfLine the origin of a key, by its line from 1 on
   */
  static List<Entry> read(
      String source, String text, IntFunction<Origin> originOfLine, List<String> problems) {
    RecipeYaml yaml = new RecipeYaml(source, originOfLine, problems);
    Node root = yaml.compose(text);
    if (root instanceof MappingNode mapping) {
      yaml.addAll("", mapping);
    } else if (root != null) {
      problems.add(
          "%s: found %s, allowed: keys with values; write for example `learning_rate: 5.0e-5`"
              .formatted(source, shown(root)));
    }
    return yaml.entries;
  }

  /** The keys of one {@code --set name=value}. */
  static List<Entry> readSet(String argument, List<String> problems) {
    int equals = argument.indexOf('=');
    if (equals <= 0) {
      problems.add(
          "--set %s: found no key and value, allowed: key=value; write for example --set learning_rate=1e-4"
              .formatted(argument));
      return List.of();
    }
    RecipeYaml yaml = new RecipeYaml("--set " + argument, line -> Origin.SET, problems);
    Node value = yaml.compose(argument.substring(equals + 1));
    Node given = value == null ? scalar("null") : value;
    yaml.add(argument.substring(0, equals).trim(), given, Origin.SET);
    return yaml.entries;
  }

  private Node compose(String text) {
    try {
      return new Yaml(new LoaderOptions()).compose(new StringReader(text));
    } catch (MarkedYAMLException e) {
      int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
      String where = source.startsWith("--set") ? source : source + ":" + line;
      problems.add(
          "%s: not readable as YAML: %s%s; mend this line (a key, a colon, a space and a value; spaces, no tabs)"
              .formatted(
                  where, e.getProblem(), e.getContext() == null ? "" : " " + e.getContext()));
    } catch (YAMLException e) {
      problems.add("%s: not readable as YAML: %s; mend it".formatted(source, e.getMessage()));
    }
    return null;
  }

  private void addAll(String prefix, MappingNode mapping) {
    for (NodeTuple tuple : mapping.getValue()) {
      Node key = tuple.getKeyNode();
      Origin origin = originOfLine.apply(key.getStartMark().getLine() + 1);
      if (key instanceof ScalarNode name) {
        add(prefix + name.getValue(), tuple.getValueNode(), origin);
      } else {
        problems.add(origin + ": found a key that is no word; write one key a line");
      }
    }
  }

  private void add(String name, Node value, Origin origin) {
    Origin first = seen.putIfAbsent(name, origin);
    if (first != null) {
      problems.add(
          "%s %s: given twice, first at %s; keep one of the two".formatted(origin, name, first));
    }
    if (RecipeKeys.SECTIONS.contains(name) && value instanceof MappingNode section) {
      if (RecipeKeys.all().containsKey(name)) {
        entries.add(new Entry(name, scalar("true"), origin)); // keys inside switch it on
      }
      addAll(name + ".", section);
    } else {
      entries.add(new Entry(name, value, origin));
    }
  }

  /** A value as its key reads it: a scalar, or a list of scalars; empty for anything else. */
  static Optional<ValueType.Scalar> scalarOf(Node value) {
    if (value instanceof ScalarNode scalar) {
      return Optional.of(new ValueType.Scalar(scalar.getValue(), scalar.isPlain()));
    }
    if (value instanceof SequenceNode list
        && list.getValue().stream().allMatch(ScalarNode.class::isInstance)) {
      List<String> texts =
          list.getValue().stream().map(item -> ((ScalarNode) item).getValue()).toList();
      return Optional.of(ValueType.Scalar.ofList(texts));
    }
    return Optional.empty();
  }

  private static Node scalar(String text) {
    return new ScalarNode(Tag.STR, text, null, null, ScalarStyle.PLAIN);
  }

  /** A value as messages show it. */
  static String shown(Node value) {
    if (value instanceof ScalarNode scalar) {
      String text = scalar.getValue();
      String cut = text.length() > 60 ? text.substring(0, 60) + "…" : text;
      return scalar.isPlain() ? (cut.isEmpty() ? "nothing" : cut) : "the text " + quoted(cut);
    }
    return value instanceof SequenceNode ? "a list" : "a mapping";
  }

  /** Dotted keys and written values as a YAML document. */
  static String write(Map<String, String> values) {
    StringBuilder yaml = new StringBuilder();
    String section = "";
    for (Map.Entry<String, String> entry : values.entrySet()) {
      String key = entry.getKey();
      int dot = key.indexOf('.');
      if (dot < 0) {
        section = "";
        boolean opensSection =
            RecipeKeys.SWITCHED.containsKey(key) && entry.getValue().equals("true");
        if (!opensSection) {
          yaml.append(key).append(": ").append(entry.getValue()).append('\n');
        }
        continue;
      }
      if (!section.equals(key.substring(0, dot))) {
        section = key.substring(0, dot);
        yaml.append(section).append(":\n");
      }
      yaml.append("  ").append(key.substring(dot + 1)).append(": ");
      yaml.append(entry.getValue()).append('\n');
    }
    return yaml.toString();
  }

  /** A text in double quotes, as YAML and JSON both read it. */
  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f) {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}

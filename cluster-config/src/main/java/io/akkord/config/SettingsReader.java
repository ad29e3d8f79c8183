package io.akkord.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValue;
import io.akkord.model.UserError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Reads and checks {@link Settings}; all problems at once. */
final class SettingsReader {
  private static final Duration SHORTEST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofDays(7);
  private static final int MOST_UNACKNOWLEDGED = 5; // as many as the shards keep records of

  private final Config config;
  private final List<String> problems = new ArrayList<>();

  SettingsReader(Config config) {
    this.config = config;
  }

  Settings read() {
    Settings settings =
        new Settings(
            section(Settings.Deadlines.class, "deadlines"),
            section(Settings.Ledger.class, "ledger"),
            section(Settings.Bulk.class, "bulk"));
    if (problems.isEmpty()) {
      checkLadder(settings.deadlines());
      checkTakeOver(settings.deadlines());
    }
    if (!problems.isEmpty()) {
      String count = problems.size() == 1 ? "1 problem" : problems.size() + " problems";
      throw new UserError("settings: " + count + "\n  " + String.join("\n  ", problems));
    }
    return settings;
  }

  private <R extends Record> R section(Class<R> type, String name) {
    String path = "akkord." + name;
    Map<String, Object> values = new LinkedHashMap<>();
    for (var component : type.getRecordComponents()) {
      String key = Records.names(type, '-').get(values.size());
      values.put(key, value(component.getType(), path + "." + key));
    }
    refuseUnknown(path, values);
    return Records.create(type, '-', values::get);
  }

  private Object value(Class<?> type, String path) {
    if (type == Duration.class) {
      return duration(path);
    }
    return type == boolean.class ? flag(path) : (Object) integer(path, 1, MOST_UNACKNOWLEDGED);
  }

  private void refuseUnknown(String path, Map<String, Object> known) {
    if (!config.hasPath(path)) {
      return; // its keys were reported as missing
    }
    for (String key : new TreeSet<>(config.getObject(path).keySet())) {
      if (!known.containsKey(key)) {
        String hint =
            Nearest.of(key, known.keySet())
                .map("did you mean `%s`?"::formatted)
                .orElse("leave it out; the keys are " + known.keySet());
        problems.add(
            "%s %s.%s: unknown key; %s"
                .formatted(place(config.getObject(path).get(key)), path, key, hint));
      }
    }
  }

  private Duration duration(String path) {
    try {
      Duration duration = config.getDuration(path);
      if (duration.compareTo(SHORTEST) >= 0 && duration.compareTo(LONGEST) <= 0) {
        return duration;
      }
    } catch (ConfigException e) {
      // told below, with the same words as a value out of range
    }
    problem(path, "a duration from 10ms to 7d", "write for example 20s, 10m or 2h");
    return SHORTEST;
  }

  private boolean flag(String path) {
    try {
      return config.getBoolean(path);
    } catch (ConfigException e) {
      problem(path, "on or off", "leave it out for the default");
      return false;
    }
  }

  private int integer(String path, int min, int max) {
    try {
      int value = config.getInt(path);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (ConfigException e) {
      // told below, with the same words as a value out of range
    }
    problem(
        path, "a whole number from %d to %d".formatted(min, max), "leave it out for the default");
    return min;
  }

  private void checkLadder(Settings.Deadlines deadlines) {
    if (deadlines.ledgerAcknowledgement().compareTo(deadlines.step()) >= 0) {
      String path = "akkord.deadlines.ledger-acknowledgement";
      problem(
          path,
          "less than akkord.deadlines.step (%s)".formatted(shown("akkord.deadlines.step")),
          "lower it, or raise the step's deadline, so that a slow disk is named as one");
    }
  }

  private void checkTakeOver(Settings.Deadlines deadlines) {
    if (deadlines.survey().compareTo(deadlines.takeOver()) >= 0) {
      problem(
          "akkord.deadlines.survey",
          "less than akkord.deadlines.take-over (%s)"
              .formatted(shown("akkord.deadlines.take-over")),
          "lower it, or nothing is kept any more when it is asked for");
    }
  }

  private void problem(String path, String allowed, String todo) {
    ConfigValue found = config.hasPathOrNull(path) ? valueAt(path) : null;
    problems.add(
        "%s %s: found %s, allowed: %s; %s"
            .formatted(
                found == null ? "settings" : place(found), path, shown(path), allowed, todo));
  }

  private ConfigValue valueAt(String path) {
    int dot = path.lastIndexOf('.');
    return config.getObject(path.substring(0, dot)).get(path.substring(dot + 1));
  }

  private String shown(String path) {
    if (!config.hasPathOrNull(path)) {
      return "nothing";
    }
    Object found = valueAt(path).unwrapped();
    return found == null ? "null" : found.toString();
  }

  private static String place(ConfigValue value) {
    return value.origin().description();
  }
}

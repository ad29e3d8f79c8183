package io.akkord.model.program;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Program resources, one behind the other, with their {@code {{placeholders}}} filled in; an
 * unknown or unused one is a mistake of ours.
 */
final class ProgramText {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z_0-9]+)}}");

  private ProgramText() {}

  static String fill(List<String> resources, Map<String, String> values) {
    Set<String> used = new HashSet<>();
    StringBuilder text = new StringBuilder();
    for (String resource : resources) {
      Matcher matcher = PLACEHOLDER.matcher(read(resource));
      while (matcher.find()) {
        String key = matcher.group(1);
        String value = values.get(key);
        if (value == null) {
          throw new IllegalStateException(resource + ": no value for {{" + key + "}}");
        }
        used.add(key);
        matcher.appendReplacement(text, Matcher.quoteReplacement(value));
      }
      matcher.appendTail(text);
    }
    if (!used.equals(values.keySet())) {
      throw new IllegalStateException(resources + ": values without a placeholder among " + values);
    }
    return text.toString();
  }

  private static String read(String resource) {
    try (InputStream in = ProgramText.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("no program resource " + resource);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

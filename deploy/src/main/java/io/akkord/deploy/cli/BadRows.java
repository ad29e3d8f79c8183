package io.akkord.deploy.cli;

import io.akkord.model.UserError;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Every bad row of a data file, though its reader stops at the first: the row is blanked in a copy,
 * which keeps the line numbers, and the reader starts again.
 */
final class BadRows implements AutoCloseable {
  /** Each costs another reading; who has more should look at how the file was made. */
  static final int MOST = 20;

  private static final Pattern LINE = Pattern.compile(", line (\\d+).*", Pattern.DOTALL);

  private final Path original;
  private final Path copy;
  private final SortedMap<Integer, String> problems = new TreeMap<>();
  private Path source;

  BadRows(Path original) throws IOException {
    this.original = original;
    this.source = original;
    this.copy = Files.createTempFile("akkord-", ".jsonl");
  }

  /** The bad rows found so far: line and what is wrong with it. */
  SortedMap<Integer, String> problems() {
    return problems;
  }

  /**
   * Reads the file, past its bad rows, those of earlier readings too.
   *
   * @param reader starts anew at every call; what it throws tells of the first bad row
   * @return what the reader made of the good rows
   * @throws UserError for what is not the fault of one row, or when there are too many bad rows
   */
  <T> T read(Function<Path, T> reader) throws IOException {
    while (true) {
      try {
        return reader.apply(source);
      } catch (UserError e) {
        int line = line(e.getMessage());
        if (line == 0 || problems.containsKey(line)) {
          throw named(e);
        }
        problems.put(line, named(e).getMessage());
        if (problems.size() == MOST) {
          throw new UserError(
              "%s: looked no further after %d bad rows".formatted(original, MOST), e);
        }
        blankBadRows();
        source = copy;
      }
    }
  }

  private int line(String message) {
    if (!message.startsWith(source.toString())) {
      return 0;
    }
    Matcher matcher = LINE.matcher(message.substring(source.toString().length()));
    return matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  private UserError named(UserError e) {
    return new UserError(e.getMessage().replace(source.toString(), original.toString()), e);
  }

  private void blankBadRows() throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(original));
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(copy))) {
      int line = 1;
      boolean bad = problems.containsKey(line);
      for (int next = in.read(); next >= 0; next = in.read()) {
        if (next == '\n') {
          out.write(next);
          bad = problems.containsKey(++line);
        } else if (!bad) {
          out.write(next);
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(copy);
  }
}

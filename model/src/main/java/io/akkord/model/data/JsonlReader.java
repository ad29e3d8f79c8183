package io.akkord.model.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.UserError;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads a file of one JSON object a line; {@link RowReader} says what may be in it. */
public final class JsonlReader {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final char BYTE_ORDER_MARK = '\ufeff';

  private final Path file;
  private final RowReader rows;

  private JsonlReader(Path file) {
    this.file = file;
    this.rows = new RowReader(file, "line");
  }

  /** All rows of a file. */
  public static List<Demonstration> readAll(Path file) {
    List<Demonstration> rows = new ArrayList<>();
    read(file, rows::add);
    return rows;
  }

  /**
   * Hands every row to a consumer, in file order.
   *
   * @throws UserError naming file and line of the first bad row
   */
  public static void read(Path file, Consumer<Demonstration> consumer) {
    new JsonlReader(file).run(consumer);
  }

  private void run(Consumer<Demonstration> consumer) {
    if (!Files.isRegularFile(file)) {
      throw new UserError("data file %s does not exist".formatted(file));
    }
    int line = 0;
    int count = 0;
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(Files.newInputStream(file), strictUtf8()))) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        line++;
        if (!text.isBlank()) {
          boolean marked = line == 1 && text.charAt(0) == BYTE_ORDER_MARK;
          consumer.accept(rows.row(line, parse(line, marked ? text.substring(1) : text)));
          count++;
        }
      }
    } catch (CharacterCodingException e) {
      throw new UserError(
          "%s, line %d: not UTF-8 text; convert the file to UTF-8"
              .formatted(file, firstLineThatIsNotUtf8()),
          e);
    } catch (IOException e) {
      throw new UserError("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
    if (count == 0) {
      throw new UserError(file + " holds no row; one JSON object a line is expected");
    }
  }

  private static CharsetDecoder strictUtf8() {
    return StandardCharsets.UTF_8
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT);
  }

  /** The buffered reader fails far ahead of the line it returns next, hence the second look. */
  private int firstLineThatIsNotUtf8() {
    int line = 1;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (int next = in.read(); next >= 0; next = in.read()) {
        bytes.write(next);
        if (next == '\n') {
          strictUtf8().decode(ByteBuffer.wrap(bytes.toByteArray()));
          bytes.reset();
          line++;
        }
      }
      return line;
    } catch (IOException e) {
      return line;
    }
  }

  private JsonNode parse(int line, String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw rows.error(
          line,
          "not valid JSON at column %d (%s)"
              .formatted(e.getLocation().getColumnNr(), e.getOriginalMessage()));
    }
  }
}

package io.akkord.model.data;

import io.akkord.model.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A file of demonstrations: Parquet by its ending, else one JSON object a line. */
public final class DataFile {
  private DataFile() {}

  /**
   * Hands every row to a consumer, in file order.
   *
   * @throws UserError naming file and line or row of the first bad row
   */
  public static void read(Path file, Consumer<Demonstration> consumer) {
    if (!Files.isRegularFile(file)) {
      throw new UserError("data file %s does not exist".formatted(file));
    }
    if (isParquet(file)) {
      ParquetRows.read(file, consumer);
    } else {
      JsonlReader.read(file, consumer);
    }
  }

  /** What messages call the place of a row in this file: line or row. */
  static String unit(Path file) {
    return isParquet(file) ? "row" : "line";
  }

  private static boolean isParquet(Path file) {
    return file.toString().endsWith(".parquet");
  }
}

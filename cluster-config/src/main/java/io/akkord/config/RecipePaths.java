package io.akkord.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Where a recipe's paths lead.
 *
 * @param folder the recipe's own folder, looked in first
 * @param here the current directory
 * @param mustExist whether model and data have to be there
 */
record RecipePaths(Path folder, Path here, boolean mustExist) {
  /** {@code value} with its path made absolute; values that are no paths stay as they are. */
  Object resolve(String key, Object value, Origin origin, Consumer<String> problems) {
    if (value instanceof Path path) {
      return absolute(key, path, origin, problems);
    }
    if (value instanceof Optional<?> optional && optional.orElse(null) instanceof Path path) {
      return Optional.of(absolute(key, path, origin, problems));
    }
    return value;
  }

  private Path absolute(String key, Path path, Origin origin, Consumer<String> problems) {
    Path inHere = here.resolve(path).toAbsolutePath().normalize();
    if (key.equals("output_dir")) {
      return inHere;
    }
    Path inFolder = folder.resolve(path).toAbsolutePath().normalize();
    boolean both = !origin.equals(Origin.SET) && !inFolder.equals(inHere);
    Path found = both && Files.exists(inFolder) ? inFolder : inHere;
    if (mustExist && !fits(key, found)) {
      problems.accept(
          "found %s, but %s; %s"
              .formatted(path, missing(key, found, both ? inFolder : inHere), todo(key)));
    }
    return found;
  }

  private static boolean fits(String key, Path path) {
    return key.equals("model_name_or_path") ? Files.isDirectory(path) : Files.isRegularFile(path);
  }

  private static String missing(String key, Path found, Path alsoLooked) {
    if (Files.exists(found)) {
      return found + (key.equals("model_name_or_path") ? " is not a folder" : " is not a file");
    }
    return found.equals(alsoLooked)
        ? "there is no " + found
        : "there is neither " + alsoLooked + " nor " + found;
  }

  private static String todo(String key) {
    return key.equals("model_name_or_path")
        ? "give the folder of a downloaded model (nothing is fetched from a hub)"
        : "give the path of an existing JSONL or Parquet file";
  }
}

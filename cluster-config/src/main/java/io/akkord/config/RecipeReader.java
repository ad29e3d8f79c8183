package io.akkord.config;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Reads a recipe: defaults, then the file, then {@code --set key=value}, the later ones winning.
 * Everything that is wrong is said at once, in one {@link UserError} with a line for each problem:
 * where, which key, what was found, what is allowed, what to do. The environment is not consulted.
 *
 * <p>A relative path in a file is the one beside the file if that exists, else the one in the
 * current directory; {@code output_dir} and paths given by {@code --set} always belong to the
 * current directory.
 */
public final class RecipeReader {
  private RecipeReader() {}

  /**
   * The recipe in a file.
   *
   * @param yaml the recipe file
   * @param sets overrides, each {@code key=value} with a dotted key and a YAML value
   */
  public static EffectiveRecipe read(Path yaml, List<String> sets) {
    return new RecipeAssembly(fileName(yaml), new RecipePaths(folder(yaml), here(), true))
        .assemble(text(yaml), sets);
  }

  /**
   * The recipe a run has written ({@link Recipe#toYaml}): its model and data need not be there any
   * more.
   */
  public static Recipe readRecorded(Path yaml) {
    return new RecipeAssembly(fileName(yaml), new RecipePaths(folder(yaml), here(), false))
        .assemble(text(yaml), List.of())
        .recipe();
  }

  /** A recipe as {@link Recipe#toYaml} writes it; none of its paths needs to be here. */
  public static Recipe readCanonical(String yaml) {
    return new RecipeAssembly("recipe", new RecipePaths(here(), here(), false))
        .assemble(yaml, List.of())
        .recipe();
  }

  /**
   * A recipe that is no file.
   *
   * @param source what messages call it
   * @param folder where its relative paths are looked for first
   */
  public static EffectiveRecipe parse(String source, String text, Path folder, List<String> sets) {
    return new RecipeAssembly(source, new RecipePaths(folder, here(), true)).assemble(text, sets);
  }

  /**
   * A recipe that somebody elsewhere on this file system hands in.
   *
   * @param source what messages call it
   * @param folder where its relative paths are looked for first
   * @param directory their current directory
   */
  public static EffectiveRecipe parse(
      String source, String text, Path folder, Path directory, List<String> sets) {
    return new RecipeAssembly(source, new RecipePaths(folder, directory, true))
        .assemble(text, sets);
  }

  private static Path here() {
    return Path.of("").toAbsolutePath();
  }

  private static String fileName(Path yaml) {
    return String.valueOf(yaml.getFileName());
  }

  private static Path folder(Path yaml) {
    Path absolute = yaml.toAbsolutePath();
    return Optional.ofNullable(absolute.getParent()).orElse(absolute);
  }

  /**
   * The recipe's text, not yet looked at.
   *
   * @throws UserError if it cannot be read
   */
  public static String text(Path yaml) {
    try {
      return Files.readString(yaml, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw new UserError(yaml + ": there is no such recipe; check the path", e);
    } catch (CharacterCodingException e) {
      throw new UserError(yaml + ": found no UTF-8 text; save the recipe as UTF-8", e);
    } catch (IOException e) {
      throw new UserError(
          yaml + ": cannot be read (" + e + "); a recipe is a readable YAML file", e);
    }
  }
}

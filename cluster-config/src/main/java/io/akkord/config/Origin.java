package io.akkord.config;

/**
 * Where a value comes from.
 *
 * @param text as it is printed: {@code default}, {@code recipe.yaml:12} or {@code --set}
 */
public record Origin(String text) {
  /** The value is what {@code recipe-defaults.yaml} says. */
  public static final Origin DEFAULT = new Origin("default");

  /** The value was given on the command line. */
  public static final Origin SET = new Origin("--set");

  static Origin line(String file, int line) {
    return new Origin(file + ":" + line);
  }

  @Override
  public String toString() {
    return text;
  }
}

package io.akkord.config;

import java.util.List;
import java.util.Map;

/**
 * A recipe and how it came about.
 *
 * @param origins where each key's value comes from; every key is in it
 * @param notes what was decided for the user and is worth a line at the start
 */
public record EffectiveRecipe(Recipe recipe, Map<String, Origin> origins, List<String> notes) {
  /** One key with its value as recipes spell it. */
  public record Setting(String key, String value, Origin origin) {
    @Override
    public String toString() {
      return key + ": " + value + "  (" + origin + ")";
    }
  }

  public EffectiveRecipe {
    origins = Map.copyOf(origins);
    notes = List.copyOf(notes);
  }

  /** Where the value of {@code key} comes from. */
  public Origin origin(String key) {
    return origins.getOrDefault(key, Origin.DEFAULT);
  }

  /** Every setting, in the recipe's order. */
  public List<Setting> settings() {
    return RecipeKeys.texts(recipe).entrySet().stream()
        .map(e -> new Setting(e.getKey(), e.getValue(), origin(e.getKey())))
        .toList();
  }

  /** The settings whose value is not the default, in the recipe's order. */
  public List<Setting> nonDefaults() {
    Map<String, String> defaults = RecipeDefaults.texts();
    return settings().stream()
        .filter(setting -> !setting.value().equals(defaults.get(setting.key())))
        .toList();
  }
}

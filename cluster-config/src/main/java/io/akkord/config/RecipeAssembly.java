package io.akkord.config;

import io.akkord.model.UserError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Puts one recipe together from its layers, and collects whatever is wrong on the way. */
final class RecipeAssembly {
  private record Layered(RecipeYaml.Entry entry, int layer) {}

  private final String source;
  private final RecipePaths paths;
  private final Map<String, Layered> winners = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final Set<String> badKeys = new HashSet<>();

  /**
   * @param source what messages call the recipe
   */
  RecipeAssembly(String source, RecipePaths paths) {
    this.source = source;
    this.paths = paths;
  }

  EffectiveRecipe assemble(String text, List<String> sets) {
    int layer = 0;
    add(RecipeDefaults.entries(), layer++);
    add(RecipeYaml.read(source, text, line -> Origin.line(source, line), problems), layer++);
    for (String set : sets) {
      add(RecipeYaml.readSet(set, problems), layer++);
    }
    Map<String, Object> values = new LinkedHashMap<>();
    winners.forEach((name, w) -> values.put(name, value(RecipeKeys.of(name), w.entry())));
    refuseKeysOfWhatIsOff(values);
    RecipeRules.settle(values, origins());
    Recipe recipe = RecipeKeys.recipe(values);
    RecipeRules rules = new RecipeRules(recipe, origins());
    rules.problems().stream()
        .filter(p -> p.keys().stream().noneMatch(badKeys::contains))
        .forEach(p -> problems.add(p.text()));
    if (!problems.isEmpty()) {
      String count = problems.size() == 1 ? "1 problem" : problems.size() + " problems";
      throw new UserError(source + ": " + count + "\n  " + String.join("\n  ", problems));
    }
    return new EffectiveRecipe(recipe, origins(), rules.notes());
  }

  private void add(List<RecipeYaml.Entry> entries, int layer) {
    for (RecipeYaml.Entry entry : entries) {
      if (RecipeKeys.all().containsKey(entry.name())) {
        winners.put(entry.name(), new Layered(entry, layer));
      } else {
        refuseUnknown(entry);
      }
    }
  }

  private void refuseUnknown(RecipeYaml.Entry entry) {
    if (RecipeKeys.SECTIONS.contains(entry.name())) {
      problem(
          entry,
          "found %s, allowed: a mapping of keys; write its keys indented below it, or leave it out"
              .formatted(RecipeYaml.shown(entry.value())));
      return;
    }
    Set<String> known = new TreeSet<>(RecipeKeys.all().keySet());
    problem(
        entry,
        Nearest.of(entry.name(), known)
            .map("unknown key; did you mean `%s`?"::formatted)
            .orElseGet(() -> "unknown key; leave it out. The keys are " + known));
  }

  private Object value(RecipeKeys.Key<?> key, RecipeYaml.Entry entry) {
    Optional<Object> value = RecipeYaml.scalarOf(entry.value()).flatMap(key::read);
    if (value.isEmpty()) {
      refuse(key, entry);
      return RecipeDefaults.value(key);
    }
    NotYet.Limit limit = NotYet.VALUES.get(key.name());
    if (limit != null && limit.refuses().test(key.text(value.get()))) {
      problem(
          entry,
          "found %s, which this version cannot do yet; %s"
              .formatted(RecipeYaml.shown(entry.value()), limit.instead()));
    }
    return paths.resolve(key.name(), value.get(), entry.origin(), p -> problem(entry, p));
  }

  private void refuse(RecipeKeys.Key<?> key, RecipeYaml.Entry entry) {
    String allowed = key.type().allowed();
    Optional<String> fallback = RecipeDefaults.text(key);
    if (fallback.isEmpty() && entry.origin().equals(Origin.DEFAULT)) {
      badKeys.add(key.name());
      problems.add(
          "%s %s: missing, allowed: %s; add a line `%s: …`"
              .formatted(source, key.name(), allowed, key.name()));
      return;
    }
    problem(
        entry,
        "found %s, allowed: %s; write %s"
            .formatted(
                RecipeYaml.shown(entry.value()),
                allowed,
                fallback
                    .map(d -> "for example `%s: %s`, the default".formatted(key.name(), d))
                    .orElse("`%s: …` with its path".formatted(key.name()))));
  }

  private void refuseKeysOfWhatIsOff(Map<String, Object> values) {
    RecipeKeys.SWITCHED.forEach(
        (section, what) -> {
          if (!values.get(section).equals(true)) {
            refuseKeysOf(section, what);
          }
        });
  }

  private void refuseKeysOf(String section, String what) {
    Layered off = winners.get(section);
    for (Layered winner : winners.values()) {
      // An override that switches something off may leave the file's keys behind.
      if (winner.entry().name().startsWith(section + ".")
          && winner.layer() > 0
          && winner.layer() >= off.layer()) {
        problem(
            winner.entry(),
            "set although %s is off (%s %s); leave it out, or switch %s on"
                .formatted(what, off.entry().origin(), section, what));
      }
    }
  }

  private void problem(RecipeYaml.Entry entry, String text) {
    badKeys.add(entry.name());
    problems.add(entry.origin() + " " + entry.name() + ": " + text);
  }

  private Map<String, Origin> origins() {
    Map<String, Origin> origins = new LinkedHashMap<>();
    winners.forEach((name, winner) -> origins.put(name, winner.entry().origin()));
    return origins;
  }
}

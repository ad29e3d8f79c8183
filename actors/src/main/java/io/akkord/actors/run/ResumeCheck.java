package io.akkord.actors.run;

import io.akkord.config.Recipe;
import io.akkord.model.UserError;
import io.akkord.proto.CheckpointManifest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Whether recipe, data and model are those of the run in a folder, and what of it a person has
 * allowed to differ. Pure.
 */
final class ResumeCheck {
  /** Stands for the training file among the keys that may differ. */
  static final String DATA = "data";

  /** Stands for the model's files. */
  static final String MODEL = "model";

  private final Set<String> anyway;
  private final List<String> refused = new ArrayList<>();
  private final List<String> allowed = new ArrayList<>();

  ResumeCheck(Set<String> anyway) {
    this.anyway = anyway;
  }

  /** Looks at the keys of the recipe that have a part in the result. */
  void recipe(Recipe here, Recipe recorded) {
    here.differences(recorded).forEach(d -> note(d.key(), d.toString()));
  }

  /** Looks at the inputs as the run recorded them; null if it had not come so far. */
  void inputs(RunIdentity here, RunIdentity recorded) {
    if (recorded == null) {
      return;
    }
    if (!here.data().equals(recorded.data())) {
      note(DATA, "train_file: its contents, its tokens or max_length have changed");
    }
    List<String> files = here.modelDifferences(recorded);
    if (!files.isEmpty()) {
      note(MODEL, "model_name_or_path: changed: " + String.join(", ", files));
    }
  }

  /** Looks at what the checkpoint was made from. */
  void checkpoint(RunIdentity here, RunIdentity recorded, CheckpointManifest manifest) {
    Set<String> known = new TreeSet<>(recorded == null ? Set.of() : recorded.accepted());
    if (recorded != null) {
      known.add(recorded.data());
      known.add(recorded.modelSha256());
    }
    known.add(here.data());
    known.add(here.modelSha256());
    if (!known.contains(manifest.getDataSha256())) {
      note(DATA, "train_file: the checkpoint was made with other data");
    }
    if (!known.contains(manifest.getModelSha256())) {
      note(MODEL, "model_name_or_path: the checkpoint was made from another model");
    }
  }

  private void note(String key, String difference) {
    int dot = key.indexOf('.');
    String section = dot < 0 ? key : key.substring(0, dot);
    if (anyway.contains(key) || anyway.contains(section)) {
      allowed.add(difference);
    } else {
      refused.add("%s (--resume-anyway %s)".formatted(difference, key));
    }
  }

  /**
   * Refuses what was not allowed.
   *
   * @return what is allowed to differ and does, in words
   */
  List<String> require(Path outputDir) {
    if (!refused.isEmpty()) {
      throw new UserError(
          "--resume: this is not the run in %s:%n  %s%nset these back, choose another output_dir, or allow each difference by the flag behind it"
              .formatted(outputDir, String.join(System.lineSeparator() + "  ", refused)));
    }
    return allowed.stream()
        .map(difference -> "continued with a difference: " + difference)
        .toList();
  }

  /** Whether something differs that was allowed to. */
  boolean differs() {
    return !allowed.isEmpty();
  }
}

package io.akkord.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

/** The key that somebody probably meant. */
final class Nearest {
  /** Keys of other trainers for the same thing. */
  private static final Map<String, String> ELSEWHERE =
      Map.ofEntries(
          Map.entry("per_device_train_batch_size", "micro_batch_size"),
          Map.entry("gradient_accumulation_steps", "global_batch_size"),
          Map.entry("train_batch_size", "global_batch_size"),
          Map.entry("batch_size", "global_batch_size"),
          Map.entry("max_seq_length", "max_length"),
          Map.entry("max_seq_len", "max_length"),
          Map.entry("epochs", "num_train_epochs"),
          Map.entry("lr", "learning_rate"),
          Map.entry("model", "model_name_or_path"),
          Map.entry("dataset_name", "train_file"),
          Map.entry("bf16", "dtype"),
          Map.entry("fp16", "dtype"),
          Map.entry("metric_for_best_model", "metric_for_best"));

  private Nearest() {}

  /** The one of {@code known} that {@code given} is closest to, unless all are far away. */
  static Optional<String> of(String given, Collection<String> known) {
    String elsewhere = ELSEWHERE.get(given);
    if (elsewhere != null && known.contains(elsewhere)) {
      return Optional.of(elsewhere);
    }
    return known.stream()
        .min(Comparator.comparingInt((String k) -> distance(given, k)).thenComparing(k -> k))
        .filter(k -> distance(given, k) <= Math.max(2, given.length() / 3));
  }

  /** Edits from one key to the other; the section may be left out. */
  private static int distance(String given, String known) {
    String last = given.substring(given.lastIndexOf('.') + 1);
    String knownLast = known.substring(known.lastIndexOf('.') + 1);
    // A key in the wrong section counts as one edit.
    return Math.min(edits(given, known), edits(last, knownLast) + 1);
  }

  /** Levenshtein distance. */
  private static int edits(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}

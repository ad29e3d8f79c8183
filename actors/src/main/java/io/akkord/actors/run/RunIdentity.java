package io.akkord.actors.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What a run reads, by hash: written into {@code run.json} when it begins.
 *
 * @param data SHA-256 of the tokenized training file
 * @param model SHA-256 of each file of the model that has a part in the result, by name
 * @param accepted hashes of data and model that the run was continued from on purpose
 */
record RunIdentity(String data, Map<String, String> model, Set<String> accepted) {
  private static final String DATA = "data_sha256";
  private static final String MODEL = "model_files";
  private static final String ACCEPTED = "accepted_sha256";

  /** Copies. */
  RunIdentity {
    model = Map.copyOf(model);
    accepted = Set.copyOf(accepted);
  }

  /** One hash for all files of the model. */
  String modelSha256() {
    try {
      MessageDigest all = MessageDigest.getInstance("SHA-256");
      new TreeMap<>(model)
          .forEach(
              (name, sha) ->
                  all.update((name + " " + sha + "\n").getBytes(StandardCharsets.UTF_8)));
      return HexFormat.of().formatHex(all.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Names of the model's files that another has not, or has otherwise. */
  List<String> modelDifferences(RunIdentity other) {
    return Stream.concat(model.keySet().stream(), other.model.keySet().stream())
        .filter(name -> !Objects.equals(model.get(name), other.model.get(name)))
        .distinct()
        .sorted()
        .toList();
  }

  /** The same inputs, after the run in a folder was continued with them on purpose. */
  RunIdentity insteadOf(RunIdentity before) {
    Set<String> all = new TreeSet<>(before.accepted);
    all.add(before.data);
    all.add(before.modelSha256());
    return new RunIdentity(data, model, all);
  }

  void write(ObjectNode json) {
    json.put(DATA, data);
    ObjectNode files = json.putObject(MODEL);
    new TreeMap<>(model).forEach(files::put);
    var list = json.putArray(ACCEPTED);
    new TreeSet<>(accepted).forEach(list::add);
  }

  /** Null if a run has not come so far as to write one. */
  static RunIdentity read(JsonNode json) {
    if (!json.has(DATA)) {
      return null;
    }
    Map<String, String> model = new TreeMap<>();
    json.path(MODEL).fields().forEachRemaining(e -> model.put(e.getKey(), e.getValue().asText()));
    Set<String> accepted = new TreeSet<>();
    json.path(ACCEPTED).forEach(sha -> accepted.add(sha.asText()));
    return new RunIdentity(json.path(DATA).asText(), model, accepted);
  }
}

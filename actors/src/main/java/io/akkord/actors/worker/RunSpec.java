package io.akkord.actors.worker;

import io.akkord.actors.CborMessage;

/**
 * What a process needs to take part in a run: everything else it works out from these files.
 *
 * @param recipe canonical YAML
 * @param model folder of the model
 * @param tokens file of the tokenized demonstrations
 * @param evalTokens file of the tokenized held-out samples; null if there are none
 * @param parameterShards slices of the parameters
 * @param workersHere workers that share this host's memory
 */
public record RunSpec(
    String runId,
    long attempt,
    String recipe,
    String model,
    String tokens,
    String evalTokens,
    int parameterShards,
    int workersHere)
    implements CborMessage {}

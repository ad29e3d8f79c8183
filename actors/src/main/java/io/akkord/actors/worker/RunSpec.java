package io.akkord.actors.worker;

import akka.actor.typed.ActorRef;
import io.akkord.actors.CborMessage;
import io.akkord.actors.content.ContentManifest;
import io.akkord.actors.content.ContentServer;

/**
 * What a process needs to take part in a run: everything else it works out from these files.
 *
 * @param recipe canonical YAML
 * @param model configuration and tokenizer; the weights come with the parameter slices
 * @param tokens {@link #TRAIN_TOKENS} and, if there are held-out samples, {@link #EVAL_TOKENS}
 * @param server sends what this host does not see where the head has it
 * @param parameterShards slices of the parameters
 * @param workersHere workers that share this host's memory
 */
public record RunSpec(
    String runId,
    long attempt,
    String recipe,
    ContentManifest model,
    ContentManifest tokens,
    ActorRef<ContentServer.Command> server,
    int parameterShards,
    int workersHere)
    implements CborMessage {

  /** Name of the tokenized demonstrations. */
  public static final String TRAIN_TOKENS = "train.tokens";

  /** Name of the tokenized held-out samples. */
  public static final String EVAL_TOKENS = "eval.tokens";

  boolean hasEval() {
    return tokens.files().stream().anyMatch(file -> file.name().equals(EVAL_TOKENS));
  }
}

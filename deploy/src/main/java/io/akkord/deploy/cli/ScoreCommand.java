package io.akkord.deploy.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.model.data.MicroBatch;
import io.akkord.model.data.TokenFile;
import io.akkord.model.data.TokenizedSample;
import io.akkord.model.engine.Engine;
import io.akkord.model.engine.SampleScore;
import io.akkord.model.hf.ModelConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Scores demonstrations under a model: the compatibility of every sample, before any training. */
@Command(
    name = "score",
    mixinStandardHelpOptions = true,
    description =
        "Prints NLL and DFT loss (nats/token) of every sample of a data file under a model.")
final class ScoreCommand implements Callable<Integer> {
  private enum Format {
    TABLE,
    JSON
  }

  @Mixin private ModelOptions model;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "FILE",
      description = "JSONL or Parquet file")
  private Path data;

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table or json (one line per sample; default: ${DEFAULT-VALUE})")
  private Format format;

  @Option(
      names = "--batch",
      defaultValue = "8",
      paramLabel = "N",
      description = "rows per forward pass (default: ${DEFAULT-VALUE})")
  private int batch;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    try (ModelOptions.Opened opened = model.open();
        TokenFile tokens =
            opened.tokenize(data, line -> spec.commandLine().getErr().println(line))) {
      if (format == Format.TABLE) {
        out.printf("%-24s %8s %12s %12s %8s%n", "id", "tokens", "nll", "dft", "mean p");
      }
      for (int from = 0; from < tokens.size(); from += batch) {
        int first = from;
        List<SampleScore> scores =
            opened.onDevice(engine -> score(engine, opened.config(), tokens, first));
        for (int i = 0; i < scores.size(); i++) {
          print(out, tokens.id(from + i), scores.get(i));
        }
      }
      out.flush();
    }
    return 0;
  }

  private List<SampleScore> score(Engine engine, ModelConfig config, TokenFile tokens, int from) {
    List<TokenizedSample> samples = new ArrayList<>();
    for (int i = from; i < Math.min(tokens.size(), from + batch); i++) {
      samples.add(tokens.sample(i));
    }
    return engine.score(MicroBatch.of(samples, config.padTokenId().orElse(0))).samples();
  }

  private void print(PrintWriter out, String id, SampleScore score) throws Exception {
    if (format == Format.TABLE) {
      out.printf(
          "%-24s %8d %12.6f %12.6f %8.4f%n",
          id, score.tokens(), score.nll(), score.dft(), score.meanP());
      return;
    }
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("id", id);
    line.put("tokens", score.tokens());
    line.put("nll", score.nll());
    line.put("dft", score.dft());
    line.put("mean_p", score.meanP());
    line.put("top1", score.top1());
    out.println(new ObjectMapper().writeValueAsString(line));
  }
}

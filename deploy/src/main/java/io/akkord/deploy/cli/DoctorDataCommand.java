package io.akkord.deploy.cli;

import io.akkord.model.UserError;
import io.akkord.model.hf.ModelConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Looks through a data file as a model's tokenizer sees it. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    description = "Looks through a data file as a model would see it; names every bad row.")
final class DoctorDataCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "JSONL or Parquet file")
  private Path file;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face folder whose tokenizer counts")
  private Path model;

  @Option(
      names = "--max-length",
      paramLabel = "N",
      description = "longest sample in tokens (default: the model's own limit, at most 2048)")
  private Integer maxLength;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (maxLength != null && maxLength < 2) {
      throw new ParameterException(
          spec.commandLine(), "--max-length is %d; at least 2".formatted(maxLength));
    }
    Findings findings = new Findings(spec.commandLine().getOut());
    try {
      int limit =
          maxLength != null
              ? maxLength
              : Math.min(2048, ModelConfig.read(model).maxPositionEmbeddings());
      new DataCheck(findings, file, model, limit).run();
    } catch (UserError e) {
      findings.fail("%s", e.getMessage());
    }
    return findings.failed() ? ExitCode.SOFTWARE : ExitCode.OK;
  }
}

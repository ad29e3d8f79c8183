package io.akkord.deploy.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a job has printed. */
@Command(name = "logs", mixinStandardHelpOptions = true, description = "What a job has printed.")
final class JobLogsCommand implements Callable<Integer> {
  @Parameters(paramLabel = "JOB", description = "such as job-1")
  private String id;

  @Option(names = "--follow", description = "until the job ends")
  private boolean follow;

  @Mixin private JobAddress address;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    JobTail tail = new JobTail(address::client, spec.commandLine().getOut());
    if (follow) {
      return tail.follow(id);
    }
    tail.print(id);
    return ExitCode.OK;
  }
}

package io.akkord.deploy.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says what is wrong before a run does. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Checks this machine; with recipe or data, checks these.",
      "Every line begins with ok, warn or FAIL."
    },
    subcommands = {DoctorRecipeCommand.class, DoctorDataCommand.class})
final class DoctorCommand implements Callable<Integer> {
  @Option(
      names = "--dir",
      defaultValue = ".",
      paramLabel = "DIR",
      description = "where runs will be written: its disk is tried (default: ${DEFAULT-VALUE})")
  private Path folder;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Findings findings = new Findings(spec.commandLine().getOut());
    new MachineCheck(findings).run(folder);
    return findings.failed() ? ExitCode.SOFTWARE : ExitCode.OK;
  }
}

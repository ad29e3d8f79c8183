package io.akkord.deploy.cli;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine;

/** The options that a command has. */
public record CliOptions(Set<String> names) {
  /** Of a command by its words, such as job submit; a word that is none fails. */
  public static CliOptions of(List<String> words) {
    CommandLine command = new CommandLine(Akkord.class);
    for (String word : words) {
      if (!command.getSubcommands().containsKey(word)) {
        throw new AssertionError("akkord " + words + ": there is no " + word);
      }
      command = command.getSubcommands().get(word);
    }
    Set<String> names = new TreeSet<>();
    command.getCommandSpec().options().forEach(option -> names.addAll(List.of(option.names())));
    return new CliOptions(names);
  }
}

package org.treepo4j.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code ./treepo}: the list of commands. */
@Command(
    name = "treepo",
    mixinStandardHelpOptions = true,
    version = "TreePO4J 0.1.0",
    description = "TreePO post-training of language models on the JVM.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      TrainCommand.class,
      PretrainCommand.class,
      SftCommand.class,
      GenerateCommand.class,
      RolloutCommand.class,
      ServeCommand.class,
      EvalCommand.class,
      TasksCommand.class,
      DataCommand.class,
      SplitCommand.class,
      TokenizeCommand.class,
      ChatCommand.class,
      ScoreCommand.class,
      AdvantagesCommand.class,
      GradeCommand.class,
      InspectCommand.class,
      ExplainCommand.class,
      CompareCommand.class,
      InfoCommand.class,
      BenchCommand.class,
      ImportCommand.class,
      ExportCommand.class,
      SettingsReferenceCommand.class,
      CommandLine.HelpCommand.class
    })
final class TreepoCommand implements Runnable {
  @CommandLine.Mixin private OutputOptions output;
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  OutputOptions output() {
    return output;
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getErr());
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
  }
}

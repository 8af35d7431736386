package org.treepo4j.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code ./treepo}: the list of commands. */
@Command(
    name = "treepo",
    mixinStandardHelpOptions = true,
    version = "TreePO4J 0.1.0",
    description = "TreePO post-training of language models on the JVM.",
    synopsisSubcommandLabel = "COMMAND")
final class TreepoCommand implements Runnable {
  /** By name, in the order of the help. */
  private static final Map<String, Supplier<Object>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("train", TrainCommand::new);
    COMMANDS.put("pretrain", PretrainCommand::new);
    COMMANDS.put("sft", SftCommand::new);
    COMMANDS.put("generate", GenerateCommand::new);
    COMMANDS.put("rollout", RolloutCommand::new);
    COMMANDS.put("serve", ServeCommand::new);
    COMMANDS.put("eval", EvalCommand::new);
    COMMANDS.put("tasks", TasksCommand::new);
    COMMANDS.put("data", DataCommand::new);
    COMMANDS.put("split", SplitCommand::new);
    COMMANDS.put("tokenize", TokenizeCommand::new);
    COMMANDS.put("chat", ChatCommand::new);
    COMMANDS.put("score", ScoreCommand::new);
    COMMANDS.put("advantages", AdvantagesCommand::new);
    COMMANDS.put("grade", GradeCommand::new);
    COMMANDS.put("inspect", InspectCommand::new);
    COMMANDS.put("explain", ExplainCommand::new);
    COMMANDS.put("compare", CompareCommand::new);
    COMMANDS.put("info", InfoCommand::new);
    COMMANDS.put("bench", BenchCommand::new);
    COMMANDS.put("import", ImportCommand::new);
    COMMANDS.put("export", ExportCommand::new);
    COMMANDS.put("settings-reference", SettingsReferenceCommand::new);
    COMMANDS.put("help", CommandLine.HelpCommand::new);
  }

  @CommandLine.Mixin private OutputOptions output;
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  /**
   * Adds the commands that arguments may mean. Reading the options of all commands takes longer
   * than many a command runs, so where the first argument names one, it is the only one added.
   */
  static void addCommands(CommandLine treepo, String... arguments) {
    String first = arguments.length == 0 ? "" : arguments[0];
    if (COMMANDS.containsKey(first) && !first.equals("help")) {
      treepo.addSubcommand(COMMANDS.get(first).get());
    } else if (!first.equals("--version")) {
      COMMANDS.values().forEach(command -> treepo.addSubcommand(command.get()));
    }
  }

  OutputOptions output() {
    return output;
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getErr());
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
  }
}

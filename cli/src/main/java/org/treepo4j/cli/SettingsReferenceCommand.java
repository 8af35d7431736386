package org.treepo4j.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.treepo4j.base.settings.SettingsReference;
import org.treepo4j.rl.supervised.PretrainSettings;
import org.treepo4j.rl.supervised.SftSettings;
import org.treepo4j.rl.train.TrainSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "settings-reference",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Prints docs/settings.md.")
final class SettingsReferenceCommand implements Callable<Integer> {
  private static final String INTRODUCTION =
      """
      # Settings

      <!-- Made by ./treepo settings-reference > docs/settings.md; a test holds it. -->

      Settings are YAML; keys are the names below, nested by their dots. A key left out keeps its default, an unknown key or a
      wrong type is refused with the nearest known name. `--set a.b=c` overrides the file and may be given many times.
      Relative paths in a file start at the file's folder, those of `--set` at the working folder. A run keeps the settings
      it was made with in `RUN_DIR/settings.yaml`; `--resume` refuses other values, except of the settings marked ↻.
      """;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    out.print(INTRODUCTION);
    print(out, "train", "reinforcement learning with tree rollouts", TrainSettings.class);
    print(out, "pretrain", "a model from scratch", PretrainSettings.class);
    print(out, "sft", "supervised fine-tuning", SftSettings.class);
    out.flush();
    return 0;
  }

  private static void print(
      PrintWriter out, String command, String does, Class<? extends Record> type) {
    out.print("\n## `./treepo " + command + "`: " + does + "\n\n");
    out.print(SettingsReference.markdown(type));
  }
}

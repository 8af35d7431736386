package org.treepo4j.cli;

import java.util.concurrent.Callable;
import org.treepo4j.rl.TrainingRun;
import org.treepo4j.rl.train.TrainSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description =
        "Trains a policy with tree rollouts: rollouts, rewards, advantages, updates, checkpoints."
            + " Ends with one JSON line on stdout.")
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;
  @Mixin private SettingsMixin settingsMixin;
  @Mixin private ClusterMixin clusterMixin;

  @Option(
      names = "--dry-run",
      description =
          "Only checks settings, data, prompts, tokenizer, reward program and the memory of this"
              + " machine: loads no weights, writes no file, asks no cluster; the weights may be"
              + " absent.")
  private boolean dryRun;

  @Override
  public Integer call() throws Exception {
    TrainSettings settings = settingsMixin.read(TrainSettings.class);
    if (dryRun) {
      settings.requireEngines();
      DryRun checked = DryRun.of(settings);
      checked.print(spec.commandLine().getOut(), spec.commandLine().getErr());
      checked.requireMemory();
      return 0;
    }
    try (RunConsole console = new RunConsole(spec.commandLine().getErr(), treepo.output());
        GoOnHint hint = GoOnHint.ofRun(spec, console)) {
      TrainingRun run = TrainingRun.of(settings).resume(settingsMixin.resume()).listener(console);
      TrainingRun.Result result =
          clusterMixin.connection(console::note).map(run::cluster).orElse(run).run();
      console.close();
      spec.commandLine().getOut().println(result.toJson());
    }
    return 0;
  }
}

package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.treepo4j.base.InputException;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.report.TreeText;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskReader;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rollout.RolloutBatch;
import org.treepo4j.rollout.RolloutProgress;
import org.treepo4j.rollout.RolloutPrompt;
import org.treepo4j.rollout.RolloutSettings;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.TreeJsonlWriter;
import org.treepo4j.rollout.TreeSampler;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "rollout",
    mixinStandardHelpOptions = true,
    description =
        "Samples trees, writes them as tree JSONL and prints sharing statistics as one JSON line.")
final class RolloutCommand implements Callable<Integer> {
  /** What {@code --set} and {@code --config} may say. */
  record Settings(@Setting("how trees are sampled") RolloutSettings rollout) {
    public static Settings defaults() {
      return new Settings(RolloutSettings.defaults());
    }
  }

  /** One prompt or a file of them. */
  static final class Source {
    @Option(names = "--prompt", paramLabel = "TEXT", description = "One prompt.")
    private String prompt;

    @Option(
        names = "--data",
        paramLabel = "FILE",
        description = "Tasks as for training, a tree for each.")
    private Path data;
  }

  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;
  @Mixin private ConfigMixin config;
  @Mixin private ModelMixin modelMixin;
  @Mixin private AdapterMixin adapter;
  @Mixin private SeedMixin seed;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Tree JSONL; none is written without.")
  private Path out;

  @Option(names = "--show", description = "Prints the trees as text on stdout.")
  private boolean show;

  @Override
  public Integer call() throws Exception {
    RolloutSettings settings = config.read(Settings.class).rollout();
    List<Task> tasks = tasks();
    if (out != null) {
      WholeFile.requireWritable(out);
    }
    try (OpenModel model = modelMixin.open(adapter)) {
      List<RolloutPrompt> prompts = prompts(model, tasks);
      model.prompts().droppedNote(tasks).ifPresent(spec.commandLine().getErr()::println);
      TreeSampler sampler =
          new TreeSampler(
              settings,
              TaskSampler.tokenText(model.tokenizer()),
              model.tokenizer()::hasToken,
              model.eosTokenIds(),
              model.lm().config().maxPositions());
      RolloutBatch batch;
      try (BranchingDecoder decoder = model.lm().decoder(DecoderOptions.defaults());
          ProgressBar bar = progressBar(prompts.size())) {
        RolloutProgress progress =
            (done, trajectories, tokens) -> {
              if (bar != null) {
                bar.stepTo(done);
                bar.setExtraMessage(
                    " %,d trajectories, %,d tokens".formatted(trajectories, tokens));
              }
            };
        batch = sampler.sample(decoder, prompts, seed.value(), 0, 0, progress);
      }
      if (out != null) {
        write(batch);
      }
      if (show) {
        show(model, batch);
      }
      ObjectNode json = JsonLines.JSON.createObjectNode();
      for (Map.Entry<String, Number> value : batch.statistics().toMap().entrySet()) {
        json.putPOJO(value.getKey(), value.getValue());
      }
      spec.commandLine().getOut().println(JsonLines.JSON.writeValueAsString(json));
    }
    return 0;
  }

  private ProgressBar progressBar(int prompts) {
    if (treepo.output().quiet() || !RunConsole.isTerminal()) {
      return null;
    }
    return new ProgressBarBuilder()
        .setTaskName("rollout")
        .setInitialMax(prompts)
        .setUpdateIntervalMillis((int) Duration.ofMillis(200).toMillis())
        .build();
  }

  private List<Task> tasks() throws IOException {
    if (source.data == null) {
      return List.of(Task.of("prompt", source.prompt, ""));
    }
    InputException.requireFile(source.data);
    return TaskReader.read(source.data);
  }

  private static List<RolloutPrompt> prompts(OpenModel model, List<Task> tasks) {
    List<RolloutPrompt> prompts = new ArrayList<>();
    for (Task task : tasks) {
      int[] ids = model.encode(task.prompt());
      if (ids.length >= model.lm().config().maxPositions()) {
        throw new InputException(
            "prompt %s has %d tokens, the model holds %d"
                .formatted(task.id(), ids.length, model.lm().config().maxPositions()));
      }
      prompts.add(new RolloutPrompt(task.id(), ids));
    }
    return prompts;
  }

  private void write(RolloutBatch batch) throws IOException {
    try (TreeJsonlWriter writer = TreeJsonlWriter.create(out)) {
      for (RolloutTree tree : batch.trees()) {
        writer.write(tree);
      }
      writer.commit();
    }
  }

  private void show(OpenModel model, RolloutBatch batch) throws IOException {
    for (RolloutTree tree : batch.trees()) {
      TreeText.print(
          tree,
          ids -> model.tokenizer().decode(ids, true),
          TreeText.Style.PLAIN,
          spec.commandLine().getOut());
    }
  }
}

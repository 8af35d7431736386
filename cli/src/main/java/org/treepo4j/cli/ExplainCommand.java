package org.treepo4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.report.TreeText;
import org.treepo4j.report.explain.ExplainedStep;
import org.treepo4j.report.explain.StepExplainer;
import org.treepo4j.report.explain.StepText;
import org.treepo4j.rl.data.DataSettings;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskFile;
import org.treepo4j.rl.data.TaskSource;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rl.tasks.ChainSums;
import org.treepo4j.rl.train.LocalBackend;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    description =
        "Walks through one step of TreePO with its real numbers: prompt, tree, rewards, sub-groups,"
            + " advantages, loss of each token, gradient, changed probabilities. Writes no file.")
final class ExplainCommand implements Callable<Integer> {
  /** A tree one can take in at a glance; settings that are given come after and win. */
  private static final String SMALL_TREE = "rollout.maxWidth=6";

  /** Prompts to look for an instructive tree among. */
  private static final int CANDIDATES = 24;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "CONFIG.yaml",
      description = "Settings of a run; those of examples/chain-sums when absent.")
  private Path file;

  @Option(
      names = "--set",
      paramLabel = "a.b=c",
      description =
          "Overrides a setting of the file. The tree has "
              + SMALL_TREE
              + ", whatever the file says, unless it is set here.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--estimator",
      paramLabel = "NAME",
      description = "The advantage estimator, as --set advantage.estimator=NAME.")
  private String estimator;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "The prompt; one of data.train that shows something when absent.")
  private String prompt;

  @Option(
      names = "--answer",
      paramLabel = "TEXT",
      description =
          "The right answer to --prompt; not needed for a chain sum or a prompt of the data files.")
  private String answer;

  @Override
  public Integer call() throws Exception {
    List<String> all = new ArrayList<>(List.of(SMALL_TREE));
    if (estimator != null) {
      all.add("advantage.estimator=" + estimator);
    }
    all.addAll(overrides);
    TrainSettings settings = SettingsReader.read(TrainSettings.class, config(), all);
    try (ModelSource folder = ModelSource.open(settings.model())) {
      folder.config(); // refused before anything else is read
    }
    ModelTokenizer opened = ModelTokenizer.open(settings.model());
    Tokenizer tokenizer = opened.tokenizer();
    PromptEncoder prompts = PromptEncoder.of(opened);
    List<Task> tasks = tasks(settings, prompts);
    Engines.choose(settings.engine());
    try (RewardRunner rewards = settings.reward().runner(settings.rollout().maxResponseTokens())) {
      Policy policy =
          Policy.open(
              settings.model(),
              settings.lora(),
              settings.engine(),
              settings.seed(),
              Optional.empty());
      try (CausalLm model = policy.model();
          CausalLm reference = reference(settings)) {
        ModelConfig config = model.config();
        TaskSampler sampler =
            new LocalBackend.Sampling(
                    tokenizer, prompts, rewards, settings.rollout().allotment().policy())
                .groups(settings, config);
        // A run without a reference of its own begins at it.
        Optional<CausalLm> frozen =
            settings.loss().needsReference()
                ? Optional.of(reference == null ? model : reference)
                : Optional.empty();
        ExplainedStep step = new StepExplainer(settings, policy, frozen, sampler).explain(tasks);
        PrintWriter out = spec.commandLine().getOut();
        out.println("One step of TreePO with its real numbers, model " + settings.model());
        StepText.print(
            step, settings, ids -> tokenizer.decode(ids, true), TreeText.Style.PLAIN, out);
        out.flush();
      }
    }
    return 0;
  }

  /** Null where the settings name none. */
  private static CausalLm reference(TrainSettings settings) throws IOException {
    return settings.reference() == null
        ? null
        : Engines.open(settings.reference(), settings.training());
  }

  private Path config() {
    if (file != null) {
      return file;
    }
    Path example =
        Path.of(System.getProperty("treepo.root", "."), "examples", "chain-sums", "train.yaml");
    if (!Files.exists(example)) {
      throw new InputException("CONFIG.yaml: expected one, as there is no " + example);
    }
    return example;
  }

  private List<Task> tasks(TrainSettings settings, PromptEncoder prompts) throws IOException {
    DataSettings data = settings.data();
    ToIntFunction<Prompt> promptTokens = one -> prompts.encode(one).length;
    if (prompt == null) {
      if (answer != null) {
        throw new InputException("--answer: expected with --prompt only");
      }
      data.requireFiles();
      TaskSource tasks = data.source(data.readTrain(promptTokens), settings.seed());
      return LongStream.range(0, CANDIDATES).mapToObj(tasks::at).toList();
    }
    String known = answer == null ? knownAnswer(data, promptTokens) : answer;
    return List.of(data.template().apply(Task.of("prompt", prompt, known)));
  }

  private String knownAnswer(DataSettings data, ToIntFunction<Prompt> promptTokens)
      throws IOException {
    Prompt asked = data.template().apply(Task.of("prompt", prompt, "")).prompt();
    Stream.concat(data.train().stream(), data.test().stream()).forEach(InputException::requireFile);
    List<TaskFile> files = new ArrayList<>(data.readTrain(promptTokens));
    files.addAll(data.readTest(promptTokens));
    return TaskFile.allTasks(files).stream()
        .filter(task -> task.prompt().equals(asked))
        .map(Task::answer)
        .findFirst()
        .or(() -> ChainSums.answer(prompt))
        .orElseThrow(
            () -> new InputException("--answer: expected, as no data file holds this prompt"));
  }
}

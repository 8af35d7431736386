package org.treepo4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.rl.data.DataSettings;
import org.treepo4j.rl.data.PoolSettings;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskFile;
import org.treepo4j.rl.eval.EvaluationReport;
import org.treepo4j.rl.eval.RunComparison;
import org.treepo4j.rl.eval.TaskSamples;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.reward.RewardSettings;
import org.treepo4j.rl.sampling.Evaluator;
import org.treepo4j.rl.sampling.LocalSampler;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rollout.RolloutSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description =
        "Measures a model on tasks by independent samples: pass@1, pass@k, maj@k with 95 %%"
            + " confidence intervals, as one JSON line.")
final class EvalCommand implements Callable<Integer> {
  /** What {@code --set} and {@code --config} may say. */
  record EvalSettings(
      @Setting("how rows are read") DataSettings data,
      @Setting("limits of responses and their distribution") RolloutSettings rollout,
      @Setting("what counts as correct") RewardSettings reward) {
    public static EvalSettings defaults() {
      return new EvalSettings(
          DataSettings.defaults(), RolloutSettings.defaults(), RewardSettings.defaults());
    }
  }

  private static final int MAX_SAMPLES = 4096;
  private static final ObjectMapper JSON = JsonLines.JSON.copy().registerModule(new Jdk8Module());

  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;
  @Mixin private ConfigMixin config;
  @Mixin private ModelMixin modelMixin;
  @Mixin private AdapterMixin adapter;
  @Mixin private SeedMixin seed;

  @Option(names = "--data", required = true, paramLabel = "FILE", description = "Tasks.")
  private Path data;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Responses per task; default ${DEFAULT-VALUE}.")
  private int samples = 1;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Of sampling; 0 is greedy; default ${DEFAULT-VALUE}.")
  private double temperature = 1;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "Keeps the samples as JSONL, a task a line; tasks already there are not sampled again. A"
              + " file of another evaluation (model, data, settings, seed) is refused.")
  private Path out;

  @Option(
      names = "--compare",
      paramLabel = "FILE",
      description =
          "Samples of another evaluation of the same data, for a paired test against this one.")
  private Path compare;

  private int failedRewards;

  @Override
  public Integer call() throws Exception {
    if (samples <= 0) {
      throw new InputException("--samples must be positive, was " + samples);
    }
    if (samples > MAX_SAMPLES) {
      throw new InputException("--samples must be at most " + MAX_SAMPLES + ", was " + samples);
    }
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new InputException("--temperature must not be negative, was " + temperature);
    }
    EvalSettings settings = config.read(EvalSettings.class);
    InputException.requireFile(data);
    settings.reward().requireProgram();
    Evaluation evaluation = Evaluation.of(data, sampled(settings), samples, temperature);
    List<TaskSamples> other = compare == null ? null : SampleFile.comparable(compare, evaluation);
    DataSettings asked = settings.data().withTest(List.of(data));
    List<TaskSamples> results;
    try (SampleFile kept = out == null ? null : openKept(evaluation);
        GoOnHint hint = GoOnHint.ofEvaluation(spec, out != null);
        OpenModel model = modelMixin.open(adapter);
        RewardRunner rewards = settings.reward().runner(settings.rollout().maxResponseTokens())) {
      List<Task> tasks =
          TaskFile.allTasks(asked.readTest(prompt -> model.prompts().encode(prompt).length));
      try {
        model.prompts().check(tasks, model.lm().config());
      } catch (IllegalArgumentException e) {
        throw new InputException(e.getMessage());
      }
      model.prompts().droppedNote(tasks).ifPresent(spec.commandLine().getErr()::println);
      Task first = tasks.get(0);
      settings.reward().tryProgram(first, model.prompts().opening(first.prompt()));
      TaskSampler sampler =
          new TaskSampler(
              settings.rollout().independent(samples, temperature),
              model.tokenizer(),
              model.prompts(),
              model.lm().config().eosTokenIds(),
              model.lm().config().maxPositions(),
              rewards);
      results = evaluate(model, sampler, tasks, kept);
    }
    ObjectNode json = JSON.valueToTree(EvaluationReport.of(results, seed.value()));
    json.put("failedRewards", failedRewards);
    if (other != null) {
      RunComparison comparison = RunComparison.of(other, evaluation.byRow(results), seed.value());
      json.set("comparison", JSON.valueToTree(comparison));
    }
    spec.commandLine().getOut().println(JSON.writeValueAsString(json));
    return 0;
  }

  /** The settings as they are sampled with; files to learn on or to hold out do not matter. */
  private EvalSettings sampled(EvalSettings settings) {
    DataSettings rows =
        Settings.of(settings.data())
            .set("train", List.of())
            .set("weights", List.of())
            .set("test", List.of())
            .set("pools", PoolSettings.defaults())
            .build();
    return new EvalSettings(
        rows, settings.rollout().independent(samples, temperature), settings.reward());
  }

  private SampleFile openKept(Evaluation evaluation) throws IOException {
    Map<String, Object> more = new LinkedHashMap<>(); // the same order in every file
    if (adapter.folder().isPresent()) {
      more.put("model.adapter", PeftAdapter.fingerprint(adapter.folder().get()));
    }
    more.put("seed", seed.value());
    more.put("weights", modelMixin.engine().weights().toString());
    return SampleFile.open(
        out,
        evaluation.withModel(modelMixin.folder(), more),
        note -> spec.commandLine().getErr().println(note));
  }

  private List<TaskSamples> evaluate(
      OpenModel model, TaskSampler sampler, List<Task> tasks, SampleFile kept) throws IOException {
    List<TaskSamples> results = new ArrayList<>(kept == null ? List.of() : kept.earlier());
    Set<String> done = results.stream().map(TaskSamples::taskId).collect(Collectors.toSet());
    List<Task> missing = tasks.stream().filter(task -> !done.contains(task.id())).toList();
    Evaluator evaluator =
        new Evaluator(
            new LocalSampler(model.lm(), sampler, seed.value()), missing, Evaluator.Streams.OWN);
    TaskSampler.Sampled all =
        evaluator
            .evaluate(
                round -> {
                  List<TaskSamples> more = round.trees().stream().map(SampleFile::samples).toList();
                  results.addAll(more);
                  if (kept != null) {
                    kept.append(more);
                  }
                  if (!treepo.output().quiet()) {
                    spec.commandLine()
                        .getErr()
                        .println(results.size() + "/" + tasks.size() + " tasks");
                  }
                })
            .sampled();
    all.failureNote("evaluation").ifPresent(spec.commandLine().getErr()::println);
    failedRewards = all.rewards().failed();
    return results;
  }
}

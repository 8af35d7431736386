package org.treepo4j.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.treepo4j.base.InputException;
import org.treepo4j.bench.Bench;
import org.treepo4j.bench.BenchModel;
import org.treepo4j.bench.BenchPlan;
import org.treepo4j.bench.BenchReport;
import org.treepo4j.bench.BenchShape;
import org.treepo4j.bench.ForkingBench;
import org.treepo4j.bench.SamplingBench;
import org.treepo4j.bench.SamplingEntry;
import org.treepo4j.bench.ServingBench;
import org.treepo4j.bench.TurnsBench;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;
import org.treepo4j.rl.data.ModelTokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Measures the machine's limits, then decoding, prefill and training of the engines side by"
            + " side, and trees against independent samples; tables on stderr, JSON on stdout.")
final class BenchCommand implements Callable<Integer> {
  /** Tokens of the prompt that sixteen paths share or each have alone. */
  private static final int SHARED_PREFIX = 512;

  /** The same for whole rollouts. */
  private static final int PROMPT_TOKENS = 256;

  /** Of the prompt that lazy forking is measured behind, without --prompt. */
  private static final int FORKING_TOKENS = 16;

  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;

  @Option(
      names = "--shape",
      split = ",",
      paramLabel = "NAME",
      description =
          "tiny, medium, qwen2.5-0.5b, hybrid-medium, hybrid-0.8b, softmax-0.8b; default tiny and"
              + " medium.")
  private List<String> shapes = List.of("tiny", "medium");

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "A model of yours instead, with its weights.")
  private Path model;

  @Option(
      names = "--engine",
      split = ",",
      paramLabel = "E",
      description = "vector, samediff, cuda, vector-onednn; default the first two.")
  private List<String> engines = List.of("vector", "samediff");

  @Option(
      names = "--weights",
      split = ",",
      paramLabel = "F",
      description = "f32, bf16 (not samediff); default f32.")
  private List<WeightStorage> weights = List.of(WeightStorage.F32);

  @Option(
      names = "--batch",
      split = ",",
      paramLabel = "N",
      description = "Paths decoded at once; default 1, 8, 32, 128.")
  private List<Integer> batches = List.of(1, 8, 32, 128);

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Time for one measurement; default ${DEFAULT-VALUE}.")
  private double seconds = 4;

  @Option(
      names = "--serving",
      description = "Streams over HTTP against the decoder's own rate, too.")
  private boolean serving;

  @Option(
      names = "--forking",
      description =
          "Lazy forking against a row for each path, at temperatures 1 and 0.7, too; the tokens are"
              + " the same.")
  private boolean forking;

  @Option(
      names = "--turns",
      description =
          "Only decoding and prefill, with all engines and weights in turns: ratios that hold on a"
              + " busy machine.")
  private boolean turns;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description =
          "What --forking samples behind, with --model; default some random tokens, which says little"
              + " about a trained model.")
  private String prompt;

  private int[] promptIds;

  @Override
  public Integer call() throws Exception {
    List<EngineOptions> options = new ArrayList<>();
    for (String engine : engines) {
      for (WeightStorage storage : weights) {
        if (!engine.equals("samediff") || storage == WeightStorage.F32) {
          options.add(new EngineOptions(engine, storage, 0));
        }
      }
    }
    options.forEach(Engines::choose);
    if (prompt != null) {
      if (model == null || !forking) {
        throw new InputException("--prompt belongs to --forking with --model");
      }
      promptIds = ModelTokenizer.open(model).tokenizer().encode(prompt, true);
    }
    BenchPlan plan;
    try {
      plan = new BenchPlan(options, models(), batches, seconds, SHARED_PREFIX);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
    PrintWriter err = spec.commandLine().getErr();
    Consumer<String> progress = treepo.output().quiet() ? line -> {} : err::println;
    if (turns) {
      List<TurnsBench.Result> results = new TurnsBench(plan, progress).run();
      err.println(TurnsBench.toTable(results));
      spec.commandLine().getOut().println(JsonLines.JSON.writeValueAsString(results));
      return 0;
    }
    SamplingBench samplingBench = new SamplingBench(PROMPT_TOKENS, seconds, progress);
    List<SamplingEntry> sampling = new ArrayList<>();
    ServingBench servingBench = new ServingBench(batches, seconds, progress);
    List<ServingBench.Result> served = new ArrayList<>();
    ForkingBench forkingBench = new ForkingBench(seconds, progress);
    List<ForkingBench.Result> forked = new ArrayList<>();
    Bench bench =
        new Bench(
            plan,
            progress,
            (engine, name, lm) -> {
              sampling.addAll(samplingBench.run(engine, name, lm));
              if (forking) {
                forked.addAll(forkingBench.run(engine, name, lm, prompt(lm)));
              }
              if (serving) {
                servingBench.run(engine, name, lm).ifPresent(served::add);
              }
            });
    BenchReport speed = bench.run();
    err.println(speed.toTable());
    err.println(SamplingBench.toTable(sampling));
    if (forking) {
      err.println(ForkingBench.toTable(forked));
    }
    if (serving) {
      err.println(ServingBench.toTable(served));
    }
    spec.commandLine()
        .getOut()
        .println(JsonLines.JSON.writeValueAsString(new Report(speed, sampling, forked, served)));
    return 0;
  }

  /** The JSON on stdout. */
  private record Report(
      @JsonUnwrapped BenchReport speed,
      List<SamplingEntry> sampling,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) List<ForkingBench.Result> forking,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) List<ServingBench.Result> serving) {}

  private int[] prompt(CausalLm lm) {
    return promptIds == null
        ? SamplingBench.prompt(lm.config().vocabSize(), FORKING_TOKENS)
        : promptIds;
  }

  private List<BenchModel> models() throws IOException {
    if (model != null) {
      try (ModelSource folder = ModelSource.open(model)) {
        String name = model.toRealPath().getFileName().toString();
        return List.of(new BenchModel(BenchShape.of(name, folder.config()), this::open));
      }
    }
    List<BenchModel> chosen = new ArrayList<>();
    for (String name : shapes) {
      chosen.add(
          BenchShape.all().stream()
              .filter(shape -> shape.name().equals(name.toLowerCase(Locale.ROOT)))
              .findFirst()
              .map(BenchModel::random)
              .orElseThrow(
                  () ->
                      new InputException(
                          "--shape: expected one of "
                              + BenchShape.all().stream().map(BenchShape::name).toList()
                              + ", was "
                              + name)));
    }
    return chosen;
  }

  private Weights open() throws IOException {
    try (ModelSource folder = ModelSource.open(model)) {
      return WeightsLoader.load(folder);
    }
  }
}

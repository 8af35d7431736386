package org.treepo4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.model.bench.Bench;
import org.treepo4j.model.bench.BenchPlan;
import org.treepo4j.model.bench.BenchReport;
import org.treepo4j.model.bench.BenchShape;
import org.treepo4j.model.engine.EngineName;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.vector.WeightStorage;
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
            + " side; the table on stderr, JSON on stdout.")
final class BenchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;

  @Option(
      names = "--shape",
      split = ",",
      paramLabel = "NAME",
      description = "tiny, medium, qwen2.5-0.5b; default tiny and medium.")
  private List<String> shapes = List.of("tiny", "medium");

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "The shape of this model instead, with random weights.")
  private Path model;

  @Option(
      names = "--engine",
      split = ",",
      paramLabel = "E",
      description = "vector, samediff; default both.")
  private List<EngineName> engines = List.of(EngineName.VECTOR, EngineName.SAMEDIFF);

  @Option(
      names = "--weights",
      split = ",",
      paramLabel = "F",
      description = "f32, bf16 (vector only); default f32.")
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

  @Override
  public Integer call() throws Exception {
    List<EngineOptions> options = new ArrayList<>();
    for (EngineName engine : engines) {
      for (WeightStorage storage : weights) {
        if (engine != EngineName.SAMEDIFF || storage == WeightStorage.F32) {
          options.add(new EngineOptions(engine, storage, 0));
        }
      }
    }
    options.forEach(Engines::choose);
    BenchPlan plan;
    try {
      plan = new BenchPlan(options, shapes(), batches, seconds, 512);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
    PrintWriter err = spec.commandLine().getErr();
    BenchReport report = new Bench(plan, treepo.output().quiet() ? line -> {} : err::println).run();
    err.println(report.toTable());
    spec.commandLine().getOut().println(JsonLines.JSON.writeValueAsString(report));
    return 0;
  }

  private List<BenchShape> shapes() throws Exception {
    if (model != null) {
      try (HfFolder folder = HfFolder.open(model)) {
        return List.of(BenchShape.of(model.getFileName().toString(), folder.config()));
      }
    }
    List<BenchShape> chosen = new ArrayList<>();
    for (String name : shapes) {
      chosen.add(
          BenchShape.all().stream()
              .filter(shape -> shape.name().equals(name.toLowerCase(Locale.ROOT)))
              .findFirst()
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
}

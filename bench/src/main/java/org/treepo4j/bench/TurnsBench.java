package org.treepo4j.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;

/**
 * Decoding and prefill with several engines and weight storages in turns, step by step, on the same
 * weights in one JVM: what the machine does meanwhile, it does to all of them.
 */
public final class TurnsBench {
  private static final int PREFILL_TOKENS = 256;
  private static final int START_TOKENS = 16;

  /** Tokens after which paths are taken back. */
  private static final int LONGEST = 64;

  private final BenchPlan plan;
  private final Consumer<String> progress;
  private final SplittableRandom random = new SplittableRandom(1);

  /**
   * One measurement.
   *
   * @param engine engine and weight storage
   * @param model the model's name
   * @param work {@code decode} or {@code prefill}
   * @param batch paths, or tokens of the prompt
   * @param tokensPerSecond by the median time of a step
   * @param relative the same divided by that of the first engine
   */
  public record Result(
      String engine,
      String model,
      String work,
      int batch,
      double tokensPerSecond,
      double relative) {}

  /** What is done over and over with one engine. */
  private interface Step extends AutoCloseable {
    void run();

    @Override
    void close();
  }

  /** Opens such work. */
  private interface Work {
    Step open(CausalLm lm);
  }

  /**
   * @param plan its time for one measurement is given to each engine
   * @param progress is told what is being measured
   */
  public TurnsBench(BenchPlan plan, Consumer<String> progress) {
    this.plan = plan;
    this.progress = progress;
  }

  /**
   * Measures all models.
   *
   * @throws IOException when weights cannot be read
   */
  public List<Result> run() throws IOException {
    List<Result> results = new ArrayList<>();
    for (BenchModel model : plan.models()) {
      Weights weights = model.weights().open();
      List<CausalLm> engines = new ArrayList<>();
      try {
        for (EngineOptions options : plan.engines()) {
          engines.add(Engines.open(weights, options));
        }
        String name = model.shape().name();
        for (int batch : plan.batches()) {
          results.addAll(measure(name, "decode", batch, engines, lm -> new Decode(lm, batch)));
        }
        int tokens = Math.min(PREFILL_TOKENS, weights.config().maxPositions());
        results.addAll(measure(name, "prefill", tokens, engines, lm -> new Prefill(lm, tokens)));
      } finally {
        engines.forEach(CausalLm::close);
      }
    }
    return results;
  }

  private List<Result> measure(
      String model, String work, int batch, List<CausalLm> engines, Work opened) {
    progress.accept(model + ": " + work + " " + batch + ", in turns");
    List<Step> steps = new ArrayList<>();
    List<StepTimes> times;
    try {
      for (CausalLm engine : engines) {
        steps.add(opened.open(engine));
      }
      times =
          StepTimes.inTurns(
              plan.secondsEach(), steps.stream().<Runnable>map(step -> step::run).toList());
    } finally {
      steps.forEach(Step::close);
    }
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < engines.size(); i++) {
      double rate = batch / times.get(i).median();
      double relative = i == 0 ? 1 : rate / results.get(0).tokensPerSecond();
      results.add(new Result(plan.engines().get(i).title(), model, work, batch, rate, relative));
    }
    return results;
  }

  private int[] tokens(CausalLm lm, int count) {
    return random.ints(count, 0, lm.config().vocabSize()).toArray();
  }

  private final class Decode implements Step {
    private final CausalLm lm;
    private final BranchingDecoder decoder;
    private final List<BranchingDecoder.Path> starts = new ArrayList<>();
    private final List<BranchingDecoder.Path> paths = new ArrayList<>();

    Decode(CausalLm lm, int batch) {
      this.lm = lm;
      this.decoder = lm.decoder(DecoderOptions.defaults());
      for (int i = 0; i < batch; i++) {
        starts.add(decoder.prefill(tokens(lm, START_TOKENS)));
      }
    }

    @Override
    public void run() {
      if (paths.isEmpty() || paths.get(0).length() >= START_TOKENS + LONGEST) {
        paths.forEach(decoder::release);
        paths.clear();
        starts.forEach(start -> paths.add(decoder.fork(start, START_TOKENS)));
      }
      decoder.append(paths, tokens(lm, paths.size()));
      decoder.nextLogits(paths);
    }

    @Override
    public void close() {
      decoder.close();
    }
  }

  private final class Prefill implements Step {
    private final CausalLm lm;
    private final BranchingDecoder decoder;
    private final int count;

    Prefill(CausalLm lm, int count) {
      this.lm = lm;
      this.decoder = lm.decoder(DecoderOptions.defaults());
      this.count = count;
    }

    @Override
    public void run() {
      decoder.release(decoder.prefill(tokens(lm, count)));
    }

    @Override
    public void close() {
      decoder.close();
    }
  }

  /** Columns that line up. */
  public static String toTable(List<Result> results) {
    StringBuilder table =
        new StringBuilder(
            String.format(
                "%-20s %-14s %-8s %6s %12s %10s%n",
                "in turns", "model", "work", "batch", "tokens/s", "relative"));
    for (Result result : results) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-20s %-14s %-8s %6d %12.1f %9.2fx%n",
              result.engine(),
              result.model(),
              result.work(),
              result.batch(),
              result.tokensPerSecond(),
              result.relative()));
    }
    return table.toString();
  }
}

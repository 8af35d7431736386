package org.treepo4j.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.treepo4j.engines.samediff.BlasRate;
import org.treepo4j.engines.samediff.Nd4jBackends;
import org.treepo4j.engines.vector.MachineLimits;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;

/** Measures engines side by side in one run, against limits measured in the same run. */
public final class Bench {
  private static final int PREFILL_TOKENS = 256;
  private static final int SIBLINGS = 16;
  private static final int START_TOKENS = 16;

  /** Tokens of every path behind a shared prompt. */
  private static final int SAMPLED_TOKENS = 64;

  private final BenchPlan plan;
  private final Consumer<String> progress;
  private final OpenModelBench more;
  private final List<BenchEntry> entries = new ArrayList<>();
  private final SplittableRandom random = new SplittableRandom(1);
  private MachineLimits limits;

  /** Measures something else on a model that is open anyway. */
  @FunctionalInterface
  public interface OpenModelBench {
    /**
     * @param engine engine and weight storage, for example {@code vector bf16}
     * @param model the model's name
     */
    void run(String engine, String model, CausalLm lm);
  }

  /**
   * @param progress is told what is being measured
   * @param more runs last with every model on every engine
   */
  public Bench(BenchPlan plan, Consumer<String> progress, OpenModelBench more) {
    this.plan = plan;
    this.progress = progress;
    this.more = more;
  }

  /**
   * Measures everything.
   *
   * @throws IOException when weights cannot be read
   */
  public BenchReport run() throws IOException {
    MachineLimits first = measureLimits();
    double blas = Nd4jBackends.problem().isEmpty() ? BlasRate.measure() : 0;
    for (BenchModel model : plan.models()) {
      Weights weights = model.weights().open();
      for (EngineOptions options : plan.engines()) {
        if (!entries.isEmpty()) {
          // A shared machine changes from minute to minute.
          measureLimits();
        }
        EngineOptions chosen = options.withEngine(Engines.choose(options, weights.config()).name());
        measure(chosen.title(), model.shape(), weights, chosen);
      }
    }
    String java = System.getProperty("java.vm.name") + " " + System.getProperty("java.version");
    return new BenchReport(java, first, blas, entries);
  }

  private MachineLimits measureLimits() {
    int threads = plan.engines().get(0).threads();
    limits =
        MachineLimits.measure(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
    progress.accept(
        String.format(
            Locale.ROOT,
            "limits of the machine: products %.0f GFLOP/s, memory reads %.1f GB/s",
            limits.gemmGflops(),
            limits.readGigabytesPerSecond()));
    return limits;
  }

  private void measure(String engine, BenchShape shape, Weights weights, EngineOptions options) {
    double bytes =
        shape.matrixNumbers() * (options.weights() == WeightStorage.BF16 ? 2.0 : Float.BYTES);
    try (CausalLm lm = Engines.open(weights, options)) {
      for (int batch : plan.batches()) {
        decode(engine, shape, lm, bytes, batch);
      }
      prefill(engine, shape, lm, bytes);
      if (prefix(shape) > 0) {
        siblings(engine, shape, lm, bytes, true);
        siblings(engine, shape, lm, bytes, false);
        sample(engine, shape, lm, bytes, true);
        sample(engine, shape, lm, bytes, false);
      }
      if (shape.trainingSequences() > 0 && options.weights() == WeightStorage.F32) {
        train(engine, shape, lm, weights);
      }
      more.run(engine, shape.name(), lm);
    }
  }

  private void decode(String engine, BenchShape shape, CausalLm lm, double bytes, int batch) {
    try (BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      List<BranchingDecoder.Path> paths = new ArrayList<>();
      for (int i = 0; i < batch; i++) {
        paths.add(decoder.prefill(tokens(shape, START_TOKENS)));
      }
      step(engine, shape, "decode", decoder, paths, bytes);
    }
  }

  /** Sixteen paths behind a long prompt that they share, or of which each has its own. */
  private void siblings(
      String engine, BenchShape shape, CausalLm lm, double bytes, boolean shared) {
    try (BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      List<BranchingDecoder.Path> paths = siblings(decoder, shape, shared);
      step(engine, shape, shared ? "decode shared" : "decode unshared", decoder, paths, bytes);
    }
  }

  private List<BranchingDecoder.Path> siblings(
      BranchingDecoder decoder, BenchShape shape, boolean shared) {
    int[] prompt = tokens(shape, prefix(shape));
    List<BranchingDecoder.Path> paths = new ArrayList<>();
    paths.add(decoder.prefill(prompt));
    while (paths.size() < SIBLINGS) {
      paths.add(shared ? decoder.fork(paths.get(0), prompt.length) : decoder.prefill(prompt));
    }
    return paths;
  }

  /** The same from the beginning: the prompt, once or sixteen times, and every path's tokens. */
  private void sample(String engine, BenchShape shape, CausalLm lm, double bytes, boolean shared) {
    double prompts = shared ? 1 : SIBLINGS;
    double seconds =
        prompts * prefillSeconds(shape, bytes, prefix(shape))
            + SAMPLED_TOKENS * stepSeconds(shape, bytes, SIBLINGS);
    try (BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      add(
          engine,
          shape,
          shared ? "sample shared" : "sample unshared",
          SIBLINGS,
          seconds,
          SIBLINGS * SAMPLED_TOKENS,
          () -> {
            List<BranchingDecoder.Path> paths = siblings(decoder, shape, shared);
            for (int i = 0; i < SAMPLED_TOKENS; i++) {
              decoder.nextLogits(paths);
              decoder.append(paths, tokens(shape, SIBLINGS));
            }
            paths.forEach(decoder::release);
          });
    }
  }

  /** One token for every path, again and again; paths are taken back before they grow long. */
  private void step(
      String engine,
      BenchShape shape,
      String work,
      BranchingDecoder decoder,
      List<BranchingDecoder.Path> starts,
      double bytes) {
    int batch = starts.size();
    List<BranchingDecoder.Path> paths = new ArrayList<>();
    add(
        engine,
        shape,
        work,
        batch,
        stepSeconds(shape, bytes, batch),
        batch,
        () -> {
          if (paths.isEmpty() || paths.get(0).length() >= starts.get(0).length() + SAMPLED_TOKENS) {
            paths.forEach(decoder::release);
            paths.clear();
            starts.forEach(start -> paths.add(decoder.fork(start, start.length())));
          }
          decoder.append(paths, tokens(shape, batch));
          decoder.nextLogits(paths);
        });
  }

  private void prefill(String engine, BenchShape shape, CausalLm lm, double bytes) {
    int tokens = Math.min(PREFILL_TOKENS, shape.config().maxPositions());
    try (BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      add(
          engine,
          shape,
          "prefill",
          tokens,
          prefillSeconds(shape, bytes, tokens),
          tokens,
          () -> decoder.release(decoder.prefill(tokens(shape, tokens))));
    }
  }

  private void train(String engine, BenchShape shape, CausalLm lm, Weights weights) {
    int length = shape.trainingTokens();
    List<TokenTree> trees = new ArrayList<>();
    float[][] dLogprob = new float[shape.trainingSequences()][length];
    for (int i = 0; i < shape.trainingSequences(); i++) {
      trees.add(TokenTree.chain(tokens(shape, length)));
      Arrays.fill(dLogprob[i], 1f / length);
    }
    int tokens = trees.size() * length;
    double seconds = shape.trainingFlops() / gemmRate();
    add(
        engine,
        shape,
        "train",
        tokens,
        seconds,
        tokens,
        () -> {
          weights.zeroGradients();
          try (ForwardPass pass = lm.forward(trees, ForwardOptions.TRAIN)) {
            pass.backward(dLogprob, null);
          }
        });
  }

  private void add(
      String engine,
      BenchShape shape,
      String work,
      int batch,
      double limitSeconds,
      int tokens,
      Runnable step) {
    progress.accept(shape.name() + ", " + engine + ": " + work + " " + batch);
    ResidentMemory.reset();
    StepTimes times = StepTimes.measure(plan.secondsEach(), step);
    double rate = tokens / times.median();
    double limit = tokens / limitSeconds;
    entries.add(
        new BenchEntry(
            engine,
            shape.name(),
            work,
            batch,
            rate,
            1e3 * times.median(),
            1e3 * times.best(),
            limit,
            rate / limit,
            ResidentMemory.peakBytes()));
  }

  /** Tokens of the long prompt, as far as the model has room for what follows. */
  private int prefix(BenchShape shape) {
    return Math.min(plan.sharedPrefix(), shape.config().maxPositions() - SAMPLED_TOKENS);
  }

  /** One token for each of some paths: the slower of reading the weights and multiplying them. */
  private double stepSeconds(BenchShape shape, double bytes, int batch) {
    return Math.max(bytes / readRate(), 2.0 * shape.matrixNumbers() * batch / gemmRate());
  }

  /** The same for the tokens of a prompt; the head runs for the last one only. */
  private double prefillSeconds(BenchShape shape, double bytes, int tokens) {
    double head = (double) shape.config().vocabSize() * shape.config().hiddenSize();
    double flops = 2 * (shape.matrixNumbers() - head) * tokens;
    return Math.max(bytes / readRate(), flops / gemmRate());
  }

  private double readRate() {
    return 1e9 * limits.readGigabytesPerSecond();
  }

  private double gemmRate() {
    return 1e9 * limits.gemmGflops();
  }

  private int[] tokens(BenchShape shape, int count) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = random.nextInt(shape.config().vocabSize());
    }
    return tokens;
  }
}

package org.treepo4j.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.rollout.RolloutPrompt;
import org.treepo4j.rollout.RolloutSettings;
import org.treepo4j.rollout.RolloutStatistics;
import org.treepo4j.rollout.TokenText;
import org.treepo4j.rollout.TreeSampler;

/**
 * Lazy forking, where paths are one row for as long as they draw the same tokens, against a row for
 * each path from its first token on: sixteen trajectories of at most 128 tokens, or what the model
 * has room for, behind one prompt, independent and as a tree, at temperatures 1 and 0.7. Both
 * sample the same trees, in turns.
 */
public final class ForkingBench {
  private static final List<Double> TEMPERATURES = List.of(1.0, 0.7);

  private final double seconds;
  private final Consumer<String> progress;

  /**
   * Both ways of sampling the same trees.
   *
   * @param engine engine and weight storage
   * @param model the model's name
   * @param sampling {@code independent} or {@code tree}
   * @param temperature of the sampling
   * @param eagerComputed tokens the decoder computed for one rollout with a row for each path, mean
   * @param lazyComputed the same with lazy forking
   * @param trajectoryTokens sum of the lengths of a rollout's trajectories, mean
   * @param eagerSeconds median time of a rollout with a row for each path
   * @param lazySeconds the same with lazy forking
   * @param gain the former by the latter
   */
  public record Result(
      String engine,
      String model,
      String sampling,
      double temperature,
      double eagerComputed,
      double lazyComputed,
      double trajectoryTokens,
      double eagerSeconds,
      double lazySeconds,
      double gain) {}

  /**
   * @param seconds time for one measurement of one way
   * @param progress is told what is being measured
   */
  public ForkingBench(double seconds, Consumer<String> progress) {
    this.seconds = seconds;
    this.progress = progress;
  }

  /**
   * Measures one model; nothing where it has no room for a response.
   *
   * @param prompt token ids
   */
  public List<Result> run(String engine, String model, CausalLm lm, int[] prompt) {
    List<Result> results = new ArrayList<>();
    if (prompt.length >= lm.config().maxPositions()) {
      return results;
    }
    RolloutSettings tree = SamplingBench.tree();
    try (BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      for (double temperature : TEMPERATURES) {
        results.add(
            measure(
                engine,
                model,
                "independent",
                tree.independent(tree.maxWidth(), temperature),
                lm,
                decoder,
                prompt));
        results.add(
            measure(
                engine,
                model,
                "tree",
                Settings.of(tree).set("sampling.temperature", temperature).build(),
                lm,
                decoder,
                prompt));
      }
    }
    return results;
  }

  private Result measure(
      String engine,
      String model,
      String sampling,
      RolloutSettings lazy,
      CausalLm lm,
      BranchingDecoder decoder,
      int[] prompt) {
    double temperature = lazy.sampling().temperature();
    progress.accept(
        String.format(
            Locale.ROOT,
            "%s, %s: lazy forking, %s, temperature %s",
            model,
            engine,
            sampling,
            temperature));
    Way eagerly =
        new Way(Settings.of(lazy).set("lazyForking", false).build(), lm.config(), decoder, prompt);
    Way lazily = new Way(lazy, lm.config(), decoder, prompt);
    List<StepTimes> times = StepTimes.inTurns(seconds, List.of(eagerly::sample, lazily::sample));
    double eagerSeconds = times.get(0).median();
    double lazySeconds = times.get(1).median();
    return new Result(
        engine,
        model,
        sampling,
        temperature,
        eagerly.mean(eagerly.statistics.computedTokens()),
        lazily.mean(lazily.statistics.computedTokens()),
        lazily.mean(lazily.statistics.trajectoryTokens()),
        eagerSeconds,
        lazySeconds,
        eagerSeconds / lazySeconds);
  }

  /** One way of sampling, and what all its rollouts came to. */
  private static final class Way {
    private final TreeSampler sampler;
    private final BranchingDecoder decoder;
    private final List<RolloutPrompt> prompt;
    private int rollouts;
    private RolloutStatistics statistics = RolloutStatistics.NONE;

    Way(RolloutSettings settings, ModelConfig config, BranchingDecoder decoder, int[] prompt) {
      sampler =
          new TreeSampler(
              settings,
              TokenText.NONE,
              token -> token < config.vocabSize(),
              config.eosTokenIds().stream().mapToInt(Integer::intValue).toArray(),
              config.maxPositions());
      this.decoder = decoder;
      this.prompt = List.of(new RolloutPrompt("bench", prompt));
    }

    void sample() {
      statistics = statistics.plus(sampler.sample(decoder, prompt, 1, rollouts++, 0).statistics());
    }

    double mean(long sum) {
      return (double) sum / rollouts;
    }
  }

  /** The results as a table for people. */
  public static String toTable(List<Result> results) {
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            "%-12s %-14s %-12s %11s %10s %10s %10s %10s %10s %8s%n",
            "engine",
            "model",
            "forking",
            "temperature",
            "in all",
            "eager",
            "lazy",
            "eager ms",
            "lazy ms",
            "gain"));
    for (Result result : results) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-12s %-14s %-12s %11.1f %10.0f %10.0f %10.0f %10.2f %10.2f %7.2fx%n",
              result.engine(),
              result.model(),
              result.sampling(),
              result.temperature(),
              result.trajectoryTokens(),
              result.eagerComputed(),
              result.lazyComputed(),
              1e3 * result.eagerSeconds(),
              1e3 * result.lazySeconds(),
              result.gain()));
    }
    return table.toString();
  }
}

package org.treepo4j.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.rollout.BudgetSettings;
import org.treepo4j.rollout.RolloutPrompt;
import org.treepo4j.rollout.RolloutSettings;
import org.treepo4j.rollout.RolloutStatistics;
import org.treepo4j.rollout.TokenText;
import org.treepo4j.rollout.TreeSampler;

/**
 * Sixteen trajectories of at most 128 tokens behind one prompt, sampled in four ways: independently
 * with the prompt computed for each, as a sampler without prefix cache does; independently with the
 * prompt computed once; as a tree with the default branching of 2; and as a tree whose branching is
 * drawn from 1 and 2 at every step, which parts later and shares more. Segments have 16 tokens.
 */
public final class SamplingBench {
  private static final int WIDTH = 16;
  private static final int SEGMENT_TOKENS = 16;
  private static final int DEPTH = 8;

  private static final String BASELINE = "independent, prompt each";

  private final int promptTokens;
  private final double seconds;
  private final Consumer<String> progress;

  /**
   * @param promptTokens tokens of the prompt, where the model has room for them
   * @param seconds time for one measurement
   * @param progress is told what is being measured
   */
  public SamplingBench(int promptTokens, double seconds, Consumer<String> progress) {
    if (promptTokens <= 0) {
      throw new IllegalArgumentException("promptTokens must be positive, was " + promptTokens);
    }
    this.promptTokens = promptTokens;
    this.seconds = seconds;
    this.progress = progress;
  }

  /** The four ways, by name. */
  static Map<String, RolloutSettings> ways() {
    RolloutSettings tree = tree();
    RolloutSettings independent = tree.independent(WIDTH, tree.sampling().temperature());
    Map<String, RolloutSettings> ways = new LinkedHashMap<>();
    ways.put(BASELINE, Settings.of(independent).set("sharePrompt", false).build());
    ways.put("independent", independent);
    ways.put("tree", tree);
    ways.put(
        "tree, branching 1..2",
        Settings.of(tree).set("budget", BudgetSettings.random(1, 2)).build());
    return ways;
  }

  /**
   * Measures all ways on one model.
   *
   * @param engine what the entries call the engine
   * @param model what they call the model
   */
  public List<SamplingEntry> run(String engine, String model, CausalLm lm) {
    ModelConfig config = lm.config();
    int room = config.maxPositions() - SEGMENT_TOKENS * DEPTH;
    int length = Math.min(promptTokens, room);
    if (length <= 0) {
      return List.of();
    }
    List<SamplingEntry> entries = new ArrayList<>();
    try (BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      RolloutPrompt prompt = new RolloutPrompt("bench", prompt(config.vocabSize(), length));
      double baseline = 0;
      for (Map.Entry<String, RolloutSettings> way : ways().entrySet()) {
        progress.accept(
            String.format(
                Locale.ROOT, "%s, %s: sampling %d, %s", model, engine, WIDTH, way.getKey()));
        TreeSampler sampler =
            new TreeSampler(
                way.getValue(),
                TokenText.NONE,
                token -> token < config.vocabSize(),
                config.eosTokenIds().stream().mapToInt(Integer::intValue).toArray(),
                config.maxPositions());
        // Every rollout is another one, so that counts are those of a typical tree.
        List<RolloutStatistics> all = new ArrayList<>();
        StepTimes times =
            StepTimes.measure(
                seconds,
                () ->
                    all.add(
                        sampler.sample(decoder, List.of(prompt), 1, all.size(), 0).statistics()));
        RolloutStatistics statistics =
            all.stream().reduce(RolloutStatistics.NONE, RolloutStatistics::plus);
        double rollouts = all.size();
        double rate = statistics.trajectories() / rollouts / times.median();
        baseline = way.getKey().equals(BASELINE) ? rate : baseline;
        entries.add(
            new SamplingEntry(
                engine,
                model,
                way.getKey(),
                length,
                statistics.trajectories() / rollouts,
                statistics.sampledTokens() / rollouts,
                statistics.trajectoryTokens() / rollouts,
                statistics.sharingRatio(),
                statistics.computedTokens() / rollouts,
                times.median(),
                rate,
                rate / baseline));
      }
    }
    return entries;
  }

  /** Trees of these benchmarks. */
  static RolloutSettings tree() {
    return RolloutSettings.defaults().ofSize(WIDTH, SEGMENT_TOKENS, DEPTH);
  }

  /** A prompt of random tokens, the same every time. */
  public static int[] prompt(int vocabSize, int length) {
    SplittableRandom random = new SplittableRandom(1);
    int[] tokens = new int[length];
    for (int i = 0; i < length; i++) {
      tokens[i] = random.nextInt(vocabSize);
    }
    return tokens;
  }

  /** The entries as a table for people. */
  public static String toTable(List<SamplingEntry> entries) {
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            "%-12s %-14s %-26s %8s %8s %8s %8s %8s %10s %8s%n",
            "engine",
            "model",
            "16 trajectories",
            "prompt",
            "sampled",
            "in all",
            "sharing",
            "computed",
            "per second",
            "speed-up"));
    for (SamplingEntry entry : entries) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-12s %-14s %-26s %8d %8.0f %8.0f %7.1f%% %8.0f %10.2f %7.2fx%n",
              entry.engine(),
              entry.model(),
              entry.sampling(),
              entry.promptTokens(),
              entry.sampledTokens(),
              entry.trajectoryTokens(),
              100 * entry.sharingRatio(),
              entry.computedTokens(),
              entry.trajectoriesPerSecond(),
              entry.speedup()));
    }
    return table.toString();
  }
}

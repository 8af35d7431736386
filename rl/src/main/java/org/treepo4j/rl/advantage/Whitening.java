package org.treepo4j.rl.advantage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The affine map that gives the advantages of a batch mean 0 and variance 1 over all its response
 * tokens, each counted once per trajectory: {@code (A − mean) / sqrt(var + 1e-8)}.
 *
 * @param mean the tokens' mean advantage
 * @param std {@code sqrt(var + 1e-8)}, var being the tokens' unbiased variance (0 for one token)
 */
public record Whitening(double mean, double std) {
  private static final double EPSILON = 1e-8;

  /** Leaves advantages as they are. */
  public static final Whitening NONE = new Whitening(0, 1);

  double apply(double advantage) {
    return (advantage - mean) / std;
  }

  /**
   * The same advantages, {@code [tree][trajectory][response token]}, whitened over all tokens of
   * the batch.
   */
  public static double[][][] whiten(double[][][] batch) {
    List<WeightedAdvantage> all = new ArrayList<>();
    for (double[][] tree : batch) {
      for (double[] trajectory : tree) {
        Arrays.stream(trajectory).forEach(value -> all.add(new WeightedAdvantage(1, value)));
      }
    }
    Whitening whitening = of(all);
    return Arrays.stream(batch)
        .map(
            tree ->
                Arrays.stream(tree)
                    .map(tokens -> Arrays.stream(tokens).map(whitening::apply).toArray())
                    .toArray(double[][]::new))
        .toArray(double[][][]::new);
  }

  /** An advantage that so many tokens have. */
  private record WeightedAdvantage(int tokens, double value) {}

  /** The same breakdowns {@code [tree][trajectory]}, whitened together. */
  static List<List<AdvantageBreakdown>> whiten(List<List<AdvantageBreakdown>> batch) {
    Whitening whitening =
        of(
            batch.stream()
                .flatMap(List::stream)
                .flatMap(one -> one.segments().stream())
                .map(segment -> new WeightedAdvantage(segment.learned(), segment.raw()))
                .toList());
    return batch.stream()
        .map(tree -> tree.stream().map(one -> one.whitenedBy(whitening)).toList())
        .toList();
  }

  private static Whitening of(List<WeightedAdvantage> advantages) {
    long tokens = advantages.stream().mapToLong(WeightedAdvantage::tokens).sum();
    if (tokens == 0) {
      return NONE;
    }
    double sum = 0;
    for (WeightedAdvantage advantage : advantages) {
      sum += advantage.tokens() * advantage.value();
    }
    double mean = sum / tokens;
    double squares = 0;
    for (WeightedAdvantage advantage : advantages) {
      squares += advantage.tokens() * Math.pow(advantage.value() - mean, 2);
    }
    double variance = tokens == 1 ? 0 : squares / (tokens - 1);
    return new Whitening(mean, Math.sqrt(variance + EPSILON));
  }
}

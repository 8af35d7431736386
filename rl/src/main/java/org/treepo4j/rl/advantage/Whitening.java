package org.treepo4j.rl.advantage;

import java.util.List;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;

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

  /** The same breakdowns {@code [tree][trajectory]}, whitened together. */
  static List<List<AdvantageBreakdown>> whiten(List<List<AdvantageBreakdown>> batch) {
    Whitening whitening = of(batch);
    return batch.stream()
        .map(tree -> tree.stream().map(one -> one.whitenedBy(whitening)).toList())
        .toList();
  }

  private static Whitening of(List<List<AdvantageBreakdown>> batch) {
    List<SegmentAdvantage> segments =
        batch.stream().flatMap(List::stream).flatMap(one -> one.segments().stream()).toList();
    long tokens = segments.stream().mapToLong(SegmentAdvantage::tokens).sum();
    if (tokens == 0) {
      return NONE;
    }
    double sum = 0;
    for (SegmentAdvantage segment : segments) {
      sum += segment.tokens() * segment.raw();
    }
    double mean = sum / tokens;
    double squares = 0;
    for (SegmentAdvantage segment : segments) {
      squares += segment.tokens() * Math.pow(segment.raw() - mean, 2);
    }
    double variance = tokens == 1 ? 0 : squares / (tokens - 1);
    return new Whitening(mean, Math.sqrt(variance + EPSILON));
  }
}

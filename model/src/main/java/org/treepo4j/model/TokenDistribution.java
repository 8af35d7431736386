package org.treepo4j.model;

import java.util.Arrays;

/**
 * The next-token distribution of one path, read from a row of logits: temperature, then top-k, then
 * top-p, then min-p, over the ids that are allowed. Ties are broken by the lower id, sums run in a
 * fixed order in double precision, so a row alone decides the outcome.
 *
 * <p>Two log-probabilities are told apart. {@link #logprob} is that of the distribution actually
 * sampled from. {@link #modelLogprob} and {@link #entropy} are of the model's own distribution:
 * temperature 1, nothing truncated, ids without text included; that is what {@link ForwardPass}
 * computes, so it is the one a policy-gradient ratio may be formed with.
 *
 * <p>One instance serves many rows, one after the other, and allocates nothing per row. Without
 * truncation a row costs one exponential per id, or two with a temperature other than 1; only
 * candidates of a truncation are sorted.
 */
public final class TokenDistribution {
  static final String NOT_FINITE = "the model's logits are not finite";

  /** Ids whose probabilities are summed up together, so that drawing need not visit all ids. */
  private static final int BLOCK = 256;

  /** Logits further below the largest count as impossible when drawing. */
  private static final float NEGLIGIBLE = -690;

  /** More than a block of impossible ids adds up to. */
  private static final double NOTHING = 1e-290;

  private final double temperature;
  private final int topK;
  private final double topP;
  private final double minP;
  private final boolean truncated;
  private final boolean[] allowed;

  /** Of one block: logits less the largest, and unnormalised probabilities. */
  private final double[] distances = new double[BLOCK];

  private final double[] weights = new double[BLOCK];

  /** Whether all ids of a block are allowed. */
  private final boolean[] whole;

  private float[] logits;
  private float maxLogit;
  private double modelLogTotal;
  private double entropy;

  private int likeliest;
  private float likeliestLogit;

  /** Unnormalised probabilities, summed up by blocks of ids. */
  private final double[] blockSums;

  /** Candidates of a truncation: sort keys, ids, unnormalised probabilities. */
  private long[] keys = new long[64];

  private int[] kept = new int[64];
  private double[] keptWeights = new double[64];
  private int keptCount;

  /** Sum of the unnormalised probabilities that can be drawn. */
  private double total;

  /**
   * @param rule whose ids are those of the rows to come
   */
  public TokenDistribution(SamplingRule rule) {
    allowed = rule.allowed();
    int vocabSize = allowed.length;
    blockSums = new double[(vocabSize + BLOCK - 1) / BLOCK];
    whole = new boolean[blockSums.length];
    Arrays.fill(whole, true);
    int count = 0;
    for (int id = 0; id < vocabSize; id++) {
      count += allowed[id] ? 1 : 0;
      whole[id / BLOCK] &= allowed[id];
    }
    temperature = rule.temperature();
    topK = rule.topK() > 0 && rule.topK() < count ? rule.topK() : 0;
    topP = rule.topP();
    minP = rule.minP();
    truncated = topK > 0 || topP < 1 || minP > 0;
  }

  /**
   * Takes the next row; it must not change while this distribution is asked about it.
   *
   * @throws ArithmeticException when the row holds NaN or nothing finite to sample
   */
  public void read(float[] row) {
    logits = row;
    findMaxima();
    double modelTotal = sumModel();
    if (!Double.isFinite(modelTotal) || !Float.isFinite(likeliestLogit)) {
      throw new ArithmeticException(NOT_FINITE);
    }
    if (temperature == 0) {
      total = 1;
    } else if (truncated) {
      truncate();
    } else {
      total = sumSampled(temperature == 1 && likeliestLogit == maxLogit);
    }
  }

  /**
   * Draws a token id: the first whose probability, added to those of all lower ids, exceeds {@code
   * u}.
   *
   * @param u uniform in [0, 1)
   */
  public int sample(double u) {
    if (temperature == 0) {
      return likeliest;
    }
    double left = u * total;
    return truncated ? sampleKept(left) : sampleAll(left);
  }

  /** Log-probability in nats of a token just sampled, under the distribution sampled from. */
  public double logprob(int sampled) {
    return temperature == 0
        ? 0
        : (logits[sampled] - (double) likeliestLogit) / temperature - StrictMath.log(total);
  }

  /** Log-probability in nats of any token under the model's own distribution. */
  public double modelLogprob(int token) {
    return logits[token] - (double) maxLogit - modelLogTotal;
  }

  /** Entropy in nats of the model's own distribution. */
  public double entropy() {
    return entropy;
  }

  private void findMaxima() {
    maxLogit = Float.NEGATIVE_INFINITY;
    likeliestLogit = Float.NEGATIVE_INFINITY;
    likeliest = -1;
    for (int block = 0; block < blockSums.length; block++) {
      int end = blockEnd(block);
      float greatest = Float.NEGATIVE_INFINITY;
      for (int id = block * BLOCK; id < end; id++) {
        greatest = logits[id] > greatest ? logits[id] : greatest; // NaN shows in the sums
      }
      maxLogit = Math.max(maxLogit, greatest);
      if (greatest > likeliestLogit) {
        findLikeliest(block * BLOCK, end);
      }
    }
  }

  private void findLikeliest(int from, int end) {
    for (int id = from; id < end; id++) {
      if (logits[id] > likeliestLogit && allowed[id]) {
        likeliestLogit = logits[id];
        likeliest = id;
      }
    }
  }

  private int blockEnd(int block) {
    return Math.min(logits.length, (block + 1) * BLOCK);
  }

  /** Sums up the model's own distribution by blocks and as a whole. */
  private double sumModel() {
    float least = maxLogit + NEGLIGIBLE;
    double modelTotal = 0;
    double expected = 0;
    for (int block = 0; block < blockSums.length; block++) {
      int count = weighBlock(block, least, maxLogit, 1);
      double sum = 0;
      for (int i = 0; i < count; i++) {
        sum += weights[i];
        expected += weights[i] * distances[i];
      }
      blockSums[block] = sum;
      modelTotal += sum;
    }
    modelLogTotal = StrictMath.log(modelTotal);
    entropy = Math.max(0, modelLogTotal - expected / modelTotal);
    return modelTotal;
  }

  /**
   * Fills distances and weights with those of a block; returns how many ids it has. They are summed
   * up afterwards: a sum waits for the sum before it, exponentials need not.
   */
  private int weighBlock(int block, float least, float greatest, double divisor) {
    int from = block * BLOCK;
    int count = blockEnd(block) - from;
    for (int i = 0; i < count; i++) {
      float logit = logits[from + i];
      distances[i] = (logit < least ? least : logit) - (double) greatest; // NaN stays NaN
    }
    if (divisor != 1) {
      for (int i = 0; i < count; i++) {
        distances[i] /= divisor;
      }
    }
    for (int i = 0; i < count; i++) {
      weights[i] = Exponential.of(distances[i]);
    }
    return count;
  }

  /**
   * Sums up allowed ids at the temperature, by blocks and as a whole.
   *
   * @param summed whether blocks without forbidden ids hold their sum already
   */
  private double sumSampled(boolean summed) {
    double sampledTotal = 0;
    for (int block = 0; block < blockSums.length; block++) {
      if (!whole[block] || !summed) {
        blockSums[block] = sumBlock(block);
      }
      sampledTotal += blockSums[block];
    }
    return sampledTotal;
  }

  private double sumBlock(int block) {
    double sum = 0;
    if (whole[block]) {
      float least = (float) (likeliestLogit + NEGLIGIBLE * temperature);
      int count = weighBlock(block, least, likeliestLogit, temperature);
      for (int i = 0; i < count; i++) {
        sum += weights[i];
      }
    } else {
      for (int id = block * BLOCK; id < blockEnd(block); id++) {
        sum += weight(id);
      }
    }
    return sum;
  }

  private int sampleAll(double target) {
    double left = target;
    int drawn = 0;
    for (int block = 0; block < blockSums.length; block++) {
      if (blockSums[block] > NOTHING) {
        drawn = block;
        if (left < blockSums[block]) {
          break;
        }
        left -= blockSums[block];
      }
    }
    int end = blockEnd(drawn);
    int last = likeliest;
    for (int id = drawn * BLOCK; id < end && left >= 0; id++) {
      double weight = weight(id);
      if (weight > 0) {
        last = id;
        left -= weight;
      }
    }
    return last;
  }

  private int sampleKept(double target) {
    double left = target;
    int i = 0;
    while (i < keptCount - 1 && left >= keptWeights[i]) {
      left -= keptWeights[i++];
    }
    return kept[i];
  }

  private void truncate() {
    keptCount = 0;
    if (topK > 0) {
      keepLikeliest();
    } else {
      double least = minP;
      if (topP < 1) {
        total = sumSampled(false);
        // What is rarer than this cannot be in the nucleus, even if all the rest were as rare.
        least = (1 - topP) * total / logits.length;
      }
      keepWithin(temperature * StrictMath.log(least));
    }
    if (topP < 1) {
      sortKept();
      keepNucleus(topK > 0 ? sumOfKept() : total);
    }
    int likely = 0;
    for (int i = 0; i < keptCount; i++) {
      if (keptWeights[i] >= minP && keptWeights[i] > 0) {
        kept[likely++] = kept[i];
      }
    }
    keptCount = likely;
    Arrays.sort(kept, 0, keptCount);
    weighKept();
    total = sumOfKept();
  }

  /** Keeps the {@code topK} likeliest, through a heap whose root is the least likely of them. */
  private void keepLikeliest() {
    room(topK);
    for (int id = 0; id < logits.length; id++) {
      if (!allowed[id]) {
        continue;
      }
      long key = LikelihoodKeys.key(logits[id], id);
      if (keptCount < topK) {
        keys[keptCount++] = key;
        if (keptCount == topK) {
          for (int i = topK / 2 - 1; i >= 0; i--) {
            LikelihoodKeys.siftDown(keys, i, topK);
          }
        }
      } else if (key > keys[0]) {
        keys[0] = key;
        LikelihoodKeys.siftDown(keys, 0, topK);
      }
    }
    for (int i = 0; i < keptCount; i++) {
      kept[i] = LikelihoodKeys.id(keys[i]);
    }
    weighKept();
  }

  /** Keeps ids whose logit is at most {@code -distance} below the likeliest. */
  private void keepWithin(double distance) {
    for (int id = 0; id < logits.length; id++) {
      if (logits[id] - (double) likeliestLogit >= distance && allowed[id]) {
        room(keptCount + 1);
        kept[keptCount++] = id;
      }
    }
    weighKept();
  }

  /** Likeliest first. */
  private void sortKept() {
    for (int i = 0; i < keptCount; i++) {
      keys[i] = -LikelihoodKeys.key(logits[kept[i]], kept[i]);
    }
    Arrays.sort(keys, 0, keptCount);
    for (int i = 0; i < keptCount; i++) {
      kept[i] = LikelihoodKeys.id(-keys[i]);
    }
    weighKept();
  }

  private void keepNucleus(double all) {
    double sum = 0;
    for (int i = 0; i < keptCount; i++) {
      sum += keptWeights[i];
      if (sum >= topP * all) {
        keptCount = i + 1;
      }
    }
  }

  private void weighKept() {
    for (int i = 0; i < keptCount; i++) {
      keptWeights[i] = weight(kept[i]);
    }
  }

  private double sumOfKept() {
    double sum = 0;
    for (int i = 0; i < keptCount; i++) {
      sum += keptWeights[i];
    }
    return sum;
  }

  /** Unnormalised probability; 1 for the likeliest id, 0 for forbidden ones. */
  private double weight(int id) {
    double distance = (logits[id] - (double) likeliestLogit) / temperature;
    return allowed[id] && distance > NEGLIGIBLE ? Exponential.of(distance) : 0;
  }

  private void room(int size) {
    if (size > keys.length) {
      int larger = Math.max(size, 2 * keys.length);
      keys = Arrays.copyOf(keys, larger);
      kept = Arrays.copyOf(kept, larger);
      keptWeights = Arrays.copyOf(keptWeights, larger);
    }
  }
}

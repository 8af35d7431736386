package org.treepo4j.rollout;

import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The next-token distribution of one path, read from a row of logits: temperature, then top-k, then
 * top-p, then min-p, over the ids the tokenizer has. Ties are broken by the lower id, sums run in a
 * fixed order in double precision, so a row alone decides the outcome.
 *
 * <p>Two log-probabilities are told apart. {@link #logprob} is that of the distribution actually
 * sampled from. {@link #modelLogprob} and {@link #entropy} are of the model's own distribution:
 * temperature 1, nothing truncated, ids without text included; that is what {@link
 * org.treepo4j.model.ForwardPass} computes, so it is the one a policy-gradient ratio may be formed
 * with.
 *
 * <p>One instance serves many rows, one after the other, and allocates nothing per row.
 */
public final class TokenDistribution {
  /** Smaller terms vanish beside the largest, 1, and would only cost time as denormals. */
  private static final double NEGLIGIBLE = -700;

  private final double temperature;
  private final int topK;
  private final double topP;
  private final double minP;
  private final boolean[] allowed;
  private final boolean truncated;

  private float[] logits;

  /** Unnormalised probabilities by id; only valid while nothing is truncated or for top-p. */
  private final double[] weights;

  /** Sort keys of the kept ids, then the ids themselves. */
  private long[] keys = new long[64];

  private int[] kept = new int[64];
  private double[] keptWeights = new double[64];
  private int keptCount;
  private double total;

  private int likeliest;
  private float likeliestLogit;
  private double modelLogTotal;
  private float maxLogit;
  private double entropy;

  /**
   * @param vocabulary ids that may be sampled
   * @throws IllegalArgumentException when no id may be sampled
   */
  public TokenDistribution(int vocabSize, SamplingSettings settings, IntPredicate vocabulary) {
    allowed = new boolean[vocabSize];
    int count = 0;
    for (int id = 0; id < vocabSize; id++) {
      allowed[id] = vocabulary.test(id);
      count += allowed[id] ? 1 : 0;
    }
    if (count == 0) {
      throw new IllegalArgumentException("the vocabulary has none of the model's token ids");
    }
    temperature = settings.temperature();
    topK = settings.topK() > 0 && settings.topK() < count ? settings.topK() : 0;
    topP = settings.topP();
    minP = settings.minP();
    truncated = topK > 0 || topP < 1 || minP > 0;
    weights = new double[vocabSize];
  }

  /**
   * Takes the next row; it must not change while this distribution is asked about it.
   *
   * @throws ArithmeticException when the row holds NaN or nothing finite to sample
   */
  public void read(float[] row) {
    logits = row;
    findMaxima();
    boolean plain = temperature == 1 && !truncated;
    double sum = 0;
    double expected = 0;
    for (int id = 0; id < row.length; id++) {
      double distance = row[id] - (double) maxLogit;
      double weight = 0;
      if (!(distance <= NEGLIGIBLE)) {
        weight = Math.exp(distance);
        sum += weight;
        expected += weight * distance;
      }
      if (plain) {
        weights[id] = weight;
      }
    }
    if (!Double.isFinite(sum) || !Float.isFinite(likeliestLogit)) {
      throw new ArithmeticException("the model's logits are not finite");
    }
    modelLogTotal = Math.log(sum);
    entropy = Math.max(0, modelLogTotal - expected / sum);
    if (temperature == 0) {
      total = 1;
    } else if (truncated) {
      truncate();
    } else {
      weighAll(plain && likeliestLogit == maxLogit);
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
    int last = likeliest;
    int count = truncated ? keptCount : weights.length;
    for (int i = 0; i < count; i++) {
      double weight = truncated ? keptWeights[i] : weights[i];
      if (weight > 0) {
        last = truncated ? kept[i] : i;
        left -= weight;
        if (left < 0) {
          break;
        }
      }
    }
    return last;
  }

  /** Log-probability in nats of a token just sampled, under the distribution sampled from. */
  public double logprob(int sampled) {
    return temperature == 0
        ? 0
        : (logits[sampled] - (double) likeliestLogit) / temperature - Math.log(total);
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
    for (int id = 0; id < logits.length; id++) {
      float logit = logits[id];
      maxLogit = Math.max(maxLogit, logit);
      if (logit > likeliestLogit && allowed[id]) {
        likeliestLogit = logit;
        likeliest = id;
      }
    }
  }

  /**
   * Weights of all allowed ids, at the temperature; {@code ready} when they stand there already.
   */
  private void weighAll(boolean ready) {
    total = 0;
    for (int id = 0; id < weights.length; id++) {
      if (!allowed[id]) {
        weights[id] = 0;
      } else if (!ready) {
        weights[id] = weight(id);
      }
      total += weights[id];
    }
  }

  private void truncate() {
    keptCount = 0;
    if (topK > 0) {
      keepLikeliest();
    } else if (topP < 1) {
      // What is rarer than this cannot be in the nucleus, even if all the rest were as rare.
      weighAll(false);
      double least = (1 - topP) * total / weights.length;
      keepAtLeast(least);
    } else {
      keepWithin(temperature * Math.log(minP));
    }
    if (topP < 1) {
      keepNucleus(topK > 0 ? sumOfKept() : total);
    }
    if (topK > 0 || topP < 1) {
      while (keptCount > 1 && keptWeights[keptCount - 1] < minP) {
        keptCount--;
      }
      Arrays.sort(kept, 0, keptCount);
      for (int i = 0; i < keptCount; i++) {
        keptWeights[i] = weight(kept[i]);
      }
    }
    total = sumOfKept();
  }

  /** Keeps the {@code topK} likeliest, sorted, through a heap whose root is the least likely. */
  private void keepLikeliest() {
    room(topK);
    int size = 0;
    for (int id = 0; id < logits.length; id++) {
      if (!allowed[id]) {
        continue;
      }
      long key = key(id);
      if (size < topK) {
        keys[size++] = key;
        if (size == topK) {
          for (int i = topK / 2 - 1; i >= 0; i--) {
            siftDown(i);
          }
        }
      } else if (key > keys[0]) {
        keys[0] = key;
        siftDown(0);
      }
    }
    keepSorted(size);
  }

  private void siftDown(int from) {
    int i = from;
    long key = keys[i];
    for (int child = 2 * i + 1; child < topK; child = 2 * i + 1) {
      if (child + 1 < topK && keys[child + 1] < keys[child]) {
        child++;
      }
      if (keys[child] >= key) {
        break;
      }
      keys[i] = keys[child];
      i = child;
    }
    keys[i] = key;
  }

  private void keepAtLeast(double least) {
    int size = 0;
    for (int id = 0; id < weights.length; id++) {
      if (weights[id] >= least && weights[id] > 0) {
        room(size + 1);
        keys[size++] = key(id);
      }
    }
    keepSorted(size);
  }

  /** Keeps ids at most {@code -distance} below the likeliest logit, by id. */
  private void keepWithin(double distance) {
    for (int id = 0; id < logits.length; id++) {
      if (allowed[id] && logits[id] - (double) likeliestLogit >= distance) {
        room(keptCount + 1);
        kept[keptCount] = id;
        keptWeights[keptCount++] = weight(id);
      }
    }
  }

  /** Keeps the ids of the first {@code size} keys, likeliest first. */
  private void keepSorted(int size) {
    Arrays.sort(keys, 0, size);
    for (int i = size - 1; i >= 0; i--) {
      int id = (int) (0xFFFFFFFFL - (keys[i] & 0xFFFFFFFFL));
      kept[keptCount] = id;
      keptWeights[keptCount++] = weight(id);
    }
  }

  private void keepNucleus(double whole) {
    double sum = 0;
    for (int i = 0; i < keptCount; i++) {
      sum += keptWeights[i];
      if (sum >= topP * whole) {
        keptCount = i + 1;
      }
    }
  }

  private double sumOfKept() {
    double sum = 0;
    for (int i = 0; i < keptCount; i++) {
      sum += keptWeights[i];
    }
    return sum;
  }

  private double weight(int id) {
    double distance = (logits[id] - (double) likeliestLogit) / temperature;
    return distance <= NEGLIGIBLE ? 0 : Math.exp(distance);
  }

  /** Greater for a likelier id, and for the lower of equally likely ones. */
  private long key(int id) {
    int bits = Float.floatToIntBits(logits[id] + 0f);
    int ordered = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    return ((long) ordered << 32) | (0xFFFFFFFFL - id);
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

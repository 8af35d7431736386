package org.treepo4j.engines.vector;

import static jdk.incubator.vector.VectorOperators.MAX;
import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.treepo4j.model.engine.RowTargets;

/** Running softmax statistics of every row over the vocabulary, and what comes of them. */
final class Scores {
  /** Greatest logit so far; differences to it are scaled, which is exact at any temperature. */
  private float[] greatest = new float[0];

  /** Σ exp(z) with z = (logit − greatest)/temperature. */
  private double[] sums = new double[0];

  /** Σ exp(z)·z. */
  private double[] moments = new double[0];

  /** ln Σ exp(z). */
  private float[] logSums = new float[0];

  private float[] entropies = new float[0];
  private float[] logprobs = new float[0];

  /** Log-probability of every row's token given its ancestors; 0 for roots. */
  float[] logprobs() {
    return logprobs;
  }

  /** Entropy of the distribution after every row. */
  float[] entropies() {
    return entropies;
  }

  void reset(int rows) {
    if (greatest.length < rows) {
      greatest = new float[rows];
      sums = new double[rows];
      moments = new double[rows];
      logSums = new float[rows];
      entropies = new float[rows];
      logprobs = new float[rows];
    }
    Arrays.fill(greatest, 0, rows, Float.NEGATIVE_INFINITY);
    Arrays.fill(sums, 0, rows, 0);
    Arrays.fill(moments, 0, rows, 0);
    Arrays.fill(logprobs, 0, rows, 0);
  }

  /** Takes in {@code n} more logits of a row. */
  void accumulate(int row, float[] logits, int at, int n, float inverseTemperature) {
    float most = Math.max(greatest[row], max(logits, at, n));
    if (greatest[row] != Float.NEGATIVE_INFINITY && most > greatest[row]) {
      double fall = ((double) greatest[row] - most) * inverseTemperature;
      double shrink = Math.exp(fall);
      moments[row] = shrink * (moments[row] + fall * sums[row]);
      sums[row] *= shrink;
    }
    greatest[row] = most;
    sumUp(row, logits, at, n, inverseTemperature);
  }

  private void sumUp(int row, float[] logits, int at, int n, float inverseTemperature) {
    float most = greatest[row];
    FloatVector sum = FloatVector.zero(SPECIES);
    FloatVector moment = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector z =
          FloatVector.fromArray(SPECIES, logits, at + i).sub(most).mul(inverseTemperature);
      FloatVector e = FastExp.exp(z);
      sum = sum.add(e);
      moment = e.fma(z, moment);
    }
    double totalSum = RowMath.sum(sum);
    double totalMoment = RowMath.sum(moment);
    for (; i < n; i++) {
      float z = (logits[at + i] - most) * inverseTemperature;
      float e = FastExp.exp(z);
      totalSum += e;
      totalMoment += (double) e * z;
    }
    sums[row] += totalSum;
    moments[row] += totalMoment;
  }

  /** Notes the logit of the token of {@code row}; {@link #finish} turns it into a log-prob. */
  void target(int row, float logit) {
    logprobs[row] = logit;
  }

  void finish(int rows, RowTargets targets, float inverseTemperature) {
    for (int row = 0; row < rows; row++) {
      double log = Math.log(sums[row]);
      logSums[row] = (float) log;
      entropies[row] = (float) Math.max(0, log - moments[row] / sums[row]);
      for (int t = targets.from(row); t < targets.to(row); t++) {
        int target = targets.row(t);
        double z = ((double) logprobs[target] - greatest[row]) * inverseTemperature;
        logprobs[target] = (float) Math.min(0, z - log);
      }
    }
  }

  /**
   * Turns {@code n} logits of a row into {@code −p·(dLogprob + dEntropy·(ln p + H))/temperature}.
   */
  void derive(
      int row,
      float[] logits,
      int at,
      int n,
      float inverseTemperature,
      float dLogprob,
      float dEntropy) {
    float most = greatest[row];
    float logSum = logSums[row];
    float entropy = entropies[row];
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector logP =
          FloatVector.fromArray(SPECIES, logits, at + i)
              .sub(most)
              .mul(inverseTemperature)
              .sub(logSum);
      FastExp.exp(logP)
          .mul(logP.add(entropy).mul(dEntropy).add(dLogprob))
          .mul(-inverseTemperature)
          .intoArray(logits, at + i);
    }
    for (; i < n; i++) {
      float logP = (logits[at + i] - most) * inverseTemperature - logSum;
      logits[at + i] =
          -FastExp.exp(logP) * (dLogprob + dEntropy * (logP + entropy)) * inverseTemperature;
    }
  }

  private static float max(float[] x, int at, int n) {
    FloatVector most = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      most = most.max(FloatVector.fromArray(SPECIES, x, at + i));
    }
    float max = most.reduceLanes(MAX);
    for (; i < n; i++) {
      max = Math.max(max, x[at + i]);
    }
    return max;
  }
}

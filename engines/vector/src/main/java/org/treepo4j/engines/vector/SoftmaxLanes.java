package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The softmax of attention in training, one tile of scores after another (Milakov and Gimelshein
 * 2018; Dao et al. 2022). A tile is {@code [keys × stride]}: each lane is a query, so maxima and
 * sums run down the keys and never across a vector. A lane remembers its greatest score and the sum
 * of exponentials so far; when a later tile holds a greater score, what was summed up is scaled
 * down.
 */
final class SoftmaxLanes {
  /** The greatest score of a lane that has seen none. */
  static final float NONE = -1e30f;

  /** Exponents below are nought in float32. */
  private static final float FAR = -1e4f;

  private SoftmaxLanes() {}

  /**
   * What turns scores into probabilities again, {@code p = exp(score − greatest)·inverse}, {@code
   * [rows × heads]} each: the greatest score and the inverse of the sum of exponentials relative to
   * it. Their log-sum-exp in one number would round the sum to a unit of the score: at scores of
   * 1e4 probabilities would be off by 5e-4 and no longer add up to one.
   */
  static final class Normalizers {
    float[] greatest = new float[0];
    float[] inverse = new float[0];

    void reserve(int size) {
      greatest = FloatArrays.atLeast(greatest, size);
      inverse = FloatArrays.atLeast(inverse, size);
    }
  }

  /**
   * Turns scores into weights relative to their lane's greatest score so far.
   *
   * @param scores {@code [keys × stride]}, −∞ where a lane does not see the key; NaN there
   *     afterwards
   * @param width lanes in use, whole vectors
   * @param greatest greatest score so far of each lane, {@link #NONE} at first
   * @param sums sum so far of each lane, scaled
   * @param shrink receives what earlier sums of each lane were scaled with
   */
  static void exponentials(
      float[] scores,
      int keys,
      int stride,
      int width,
      float[] greatest,
      float[] sums,
      float[] shrink) {
    for (int lane = 0; lane < width; lane += LANES) {
      FloatVector before = FloatVector.fromArray(SPECIES, greatest, lane);
      FloatVector most = most(scores, keys, stride, lane, before);
      most.intoArray(greatest, lane);
      FloatVector scale = FastExp.exp(before.sub(most).max(FAR));
      scale.intoArray(shrink, lane);
      scale.mul(FloatVector.fromArray(SPECIES, sums, lane)).intoArray(sums, lane);
      for (int key = 0; key < keys; key++) {
        int at = key * stride + lane;
        FastExp.exp(FloatVector.fromArray(SPECIES, scores, at).sub(most)).intoArray(scores, at);
      }
    }
  }

  /** Adds the weights of each lane, {@code [keys × stride]}, to its sum. */
  static void sum(float[] weights, int keys, int stride, int width, float[] sums) {
    for (int lane = 0; lane < width; lane += LANES) {
      FloatVector even = FloatVector.fromArray(SPECIES, sums, lane);
      FloatVector odd = FloatVector.zero(SPECIES);
      int key = 0;
      for (; key + 2 <= keys; key += 2) {
        int at = key * stride + lane;
        even = even.add(FloatVector.fromArray(SPECIES, weights, at));
        odd = odd.add(FloatVector.fromArray(SPECIES, weights, at + stride));
      }
      if (key < keys) {
        even = even.add(FloatVector.fromArray(SPECIES, weights, key * stride + lane));
      }
      even.add(odd).intoArray(sums, lane);
    }
  }

  /**
   * Greatest scores of some lanes; several run side by side, since each waits for the one before.
   */
  private static FloatVector most(
      float[] scores, int keys, int stride, int lane, FloatVector before) {
    FloatVector m0 = before;
    FloatVector m1 = before;
    FloatVector m2 = before;
    FloatVector m3 = before;
    int key = 0;
    for (; key + 4 <= keys; key += 4) {
      int at = key * stride + lane;
      m0 = m0.max(FloatVector.fromArray(SPECIES, scores, at));
      m1 = m1.max(FloatVector.fromArray(SPECIES, scores, at + stride));
      m2 = m2.max(FloatVector.fromArray(SPECIES, scores, at + 2 * stride));
      m3 = m3.max(FloatVector.fromArray(SPECIES, scores, at + 3 * stride));
    }
    for (; key < keys; key++) {
      m0 = m0.max(FloatVector.fromArray(SPECIES, scores, key * stride + lane));
    }
    return m0.max(m1).max(m2.max(m3));
  }

  /**
   * Turns scores into probabilities and derivatives by probabilities into those by scores: {@code d
   * ← p ∘ (d − shift)}.
   *
   * @param scores {@code [keys × stride]}
   * @param d {@code [keys × stride]}
   * @param greatest greatest score of each lane
   * @param inverse inverse sum of exponentials of each lane
   * @param shift {@code Σ p·d} of each lane
   */
  static void backward(
      float[] scores,
      float[] d,
      int keys,
      int stride,
      int width,
      float[] greatest,
      float[] inverse,
      float[] shift) {
    for (int lane = 0; lane < width; lane += LANES) {
      FloatVector most = FloatVector.fromArray(SPECIES, greatest, lane);
      FloatVector share = FloatVector.fromArray(SPECIES, inverse, lane);
      FloatVector less = FloatVector.fromArray(SPECIES, shift, lane);
      for (int key = 0; key < keys; key++) {
        int at = key * stride + lane;
        FloatVector score = FloatVector.fromArray(SPECIES, scores, at);
        FloatVector p = FastExp.exp(score.sub(most)).mul(share);
        p.intoArray(scores, at);
        FloatVector.fromArray(SPECIES, d, at).sub(less).mul(p).intoArray(d, at);
      }
    }
  }

  /** Sets lanes outside {@code [low, high)} of one key. */
  static void mask(float[] tile, int at, int low, int high, int width, float value) {
    if (low >= high) {
      Arrays.fill(tile, at, at + width, value);
      return;
    }
    Arrays.fill(tile, at, at + low, value);
    Arrays.fill(tile, at + high, at + width, value);
  }
}

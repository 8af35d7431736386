package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.engines.vector.GemmKernel.LANES;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SoftmaxLanesTest {

  @Property(tries = 40)
  void weightsOverSeveralTilesAreTheSoftmax(
      @ForAll @IntRange(min = 1, max = 3) int vectors,
      @ForAll @IntRange(min = 1, max = 4) int tiles,
      @ForAll @IntRange(min = 1, max = 9) int keys,
      @ForAll @IntRange(min = 1, max = 10_000) int size,
      @ForAll long seed) {
    Random random = new Random(seed);
    int width = vectors * LANES;
    int stride = width + LANES;
    float[] greatest = filled(stride, SoftmaxLanes.NONE);
    float[] sums = new float[stride];
    float[] shrink = new float[stride];
    double[][] all = new double[width][tiles * keys];
    float[] weights = new float[keys * stride];
    double[] firstWeight = new double[width];
    for (int tile = 0; tile < tiles; tile++) {
      // What stands beyond the lanes in use is nobody's.
      Arrays.fill(weights, Float.NaN);
      for (int key = 0; key < keys; key++) {
        for (int lane = 0; lane < width; lane++) {
          float score = (float) (size * random.nextGaussian());
          all[lane][tile * keys + key] = score;
          weights[key * stride + lane] = score;
        }
      }
      SoftmaxLanes.exponentials(weights, keys, stride, width, greatest, sums, shrink);
      SoftmaxLanes.sum(weights, keys, stride, width, sums);
      for (int lane = 0; lane < width; lane++) {
        firstWeight[lane] = tile == 0 ? weights[lane] : firstWeight[lane] * shrink[lane];
      }
    }
    for (int lane = 0; lane < width; lane++) {
      double most = Arrays.stream(all[lane]).max().orElseThrow();
      double sum = Arrays.stream(all[lane]).map(x -> Math.exp(x - most)).sum();
      assertThat((double) sums[lane]).isCloseTo(sum, within(1e-5 * sum));
      assertThat((double) greatest[lane]).isEqualTo(most);
      double expected = Math.exp(all[lane][0] - most);
      assertThat(firstWeight[lane]).isCloseTo(expected, within(1e-5));
    }
  }

  @Property(tries = 20)
  void lanesThatSeeNothingComeToNothing(@ForAll @IntRange(min = 1, max = 9) int keys) {
    int stride = 2 * LANES;
    float[] scores = filled(keys * stride, 3f);
    float[] greatest = filled(stride, SoftmaxLanes.NONE);
    float[] sums = new float[stride];
    float[] shrink = new float[stride];
    for (int key = 0; key < keys; key++) {
      SoftmaxLanes.mask(scores, key * stride, 1, 1, LANES, Float.NEGATIVE_INFINITY);
    }
    SoftmaxLanes.exponentials(scores, keys, stride, LANES, greatest, sums, shrink);
    for (int key = 0; key < keys; key++) {
      SoftmaxLanes.mask(scores, key * stride, 1, 1, LANES, 0f);
    }
    SoftmaxLanes.sum(scores, keys, stride, LANES, sums);
    assertThat(Arrays.copyOf(sums, LANES)).containsOnly(0f);
    assertThat(Arrays.copyOf(greatest, LANES)).containsOnly(SoftmaxLanes.NONE);
    assertThat(Arrays.copyOf(shrink, LANES)).containsOnly(1f);
  }

  @Property(tries = 20)
  void masksSetWhatLiesOutside(
      @ForAll @IntRange(min = 0, max = 16) int low, @ForAll @IntRange(min = 0, max = 16) int high) {
    float[] tile = filled(40, 1f);
    SoftmaxLanes.mask(tile, 8, low, high, 16, 0f);
    for (int i = 0; i < tile.length; i++) {
      boolean outside = i >= 8 && i < 24 && (i - 8 < low || i - 8 >= high);
      assertThat(tile[i]).isEqualTo(outside ? 0f : 1f);
    }
  }

  @Property(tries = 20)
  void theBackwardPassIsThatOfTheSoftmax(
      @ForAll @IntRange(min = 1, max = 9) int keys, @ForAll long seed) {
    Random random = new Random(seed);
    float[] scores = TestModels.coefficients(keys * LANES, 0, random);
    float[] d = TestModels.coefficients(keys * LANES, 0, random);
    float[] greatest = TestModels.coefficients(LANES, 0, random);
    float[] inverse = TestModels.coefficients(LANES, 0, random);
    float[] shift = TestModels.coefficients(LANES, 0, random);
    float[] before = scores.clone();
    float[] dBefore = d.clone();
    SoftmaxLanes.backward(scores, d, keys, LANES, LANES, greatest, inverse, shift);
    for (int i = 0; i < scores.length; i++) {
      double p = Math.exp(before[i] - (double) greatest[i % LANES]) * inverse[i % LANES];
      assertThat((double) scores[i]).isCloseTo(p, within(2e-6 * Math.abs(p)));
      double expected = p * (dBefore[i] - (double) shift[i % LANES]);
      assertThat((double) d[i]).isCloseTo(expected, within(1e-5 * (1 + Math.abs(expected))));
    }
  }

  private static float[] filled(int size, float value) {
    float[] values = new float[size];
    Arrays.fill(values, value);
    return values;
  }
}

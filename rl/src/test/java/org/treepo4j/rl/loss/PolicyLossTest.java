package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.Assume;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

class PolicyLossTest {
  private static final PolicyLoss RECIPE = new PolicyLoss(0.2, 0.28, 10);
  private static final PolicyLoss NO_DUAL_CLIP =
      new PolicyLoss(0.2, 0.28, Double.POSITIVE_INFINITY);

  @Property
  void derivativeIsTheLimitOfFiniteDifferences(
      @ForAll @DoubleRange(min = 0, max = 3) double positive,
      @ForAll @DoubleRange(min = 0, max = 3) double negative,
      @ForAll @DoubleRange(min = -4, max = 4) double logRatio) {
    Assume.that(
        awayFrom(logRatio, Math.log(0.8))
            && awayFrom(logRatio, Math.log(1.28))
            && awayFrom(logRatio, Math.log(10)));
    for (PolicyLoss loss : new PolicyLoss[] {RECIPE, NO_DUAL_CLIP}) {
      double step = 1e-6;
      double above = loss.value(positive, negative, PolicyLoss.ratio(logRatio + step, 0));
      double below = loss.value(positive, negative, PolicyLoss.ratio(logRatio - step, 0));
      double derivative = loss.derivative(positive, negative, PolicyLoss.ratio(logRatio, 0));
      assertThat(derivative).isCloseTo((above - below) / (2 * step), within(1e-5));
    }
  }

  @Property
  void sharedTokenCostsTheSumOfItsTrajectories(
      @ForAll @DoubleRange(min = -3, max = 3) double first,
      @ForAll @DoubleRange(min = -3, max = 3) double second,
      @ForAll @DoubleRange(min = -4, max = 4) double logRatio) {
    double ratio = PolicyLoss.ratio(logRatio, 0);
    double positive = Math.max(first, 0) + Math.max(second, 0);
    double negative = Math.max(-first, 0) + Math.max(-second, 0);
    assertThat(RECIPE.value(positive, negative, ratio))
        .isCloseTo(asDefined(first, ratio) + asDefined(second, ratio), within(1e-9));
  }

  @Property
  void ratioOneWithoutClippingIsThePolicyGradient(
      @ForAll @DoubleRange(min = -3, max = 3) double advantage,
      @ForAll @DoubleRange(min = -9, max = 0) double logprob) {
    double ratio = PolicyLoss.ratio(logprob, logprob);
    assertThat(ratio).isEqualTo(1);
    assertThat(RECIPE.derivative(Math.max(advantage, 0), Math.max(-advantage, 0), ratio))
        .isEqualTo(-advantage);
  }

  @Example
  void atABorderTheUnclippedSideCounts() {
    PolicyLoss loss = new PolicyLoss(0.5, 0.5, 4);
    assertThat(loss.derivative(2, 0, 1.5)).isEqualTo(-3);
    assertThat(loss.derivative(2, 0, Math.nextUp(1.5))).isZero();
    assertThat(loss.derivative(0, 2, 0.5)).isEqualTo(1);
    assertThat(loss.derivative(0, 2, Math.nextDown(0.5))).isZero();
    assertThat(loss.derivative(0, 2, 4)).isEqualTo(8);
    assertThat(loss.derivative(0, 2, Math.nextUp(4.0))).isZero();
  }

  @Example
  void valueStaysFiniteWhateverTheRatio() {
    for (double logprob : new double[] {-1e6, 1e6}) {
      double ratio = PolicyLoss.ratio(logprob, 0);
      assertThat(NO_DUAL_CLIP.value(1, 1, ratio)).isFinite();
      assertThat(NO_DUAL_CLIP.value(0, 0, ratio)).isZero();
    }
  }

  /** The token loss as section 4 of the algorithm page writes it. */
  private static double asDefined(double advantage, double ratio) {
    double clipped = Math.max(0.8, Math.min(1.28, ratio));
    double loss = Math.max(-advantage * ratio, -advantage * clipped);
    return advantage < 0 ? Math.min(loss, -advantage * 10) : loss;
  }

  private static boolean awayFrom(double value, double border) {
    return Math.abs(value - border) > 1e-4;
  }
}

package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

class KlEstimatorTest {

  @Property
  void k3IsNeverNegativeAndZeroOnlyWhereThePoliciesAgree(
      @ForAll @DoubleRange(min = -30, max = 0) double logprob,
      @ForAll @DoubleRange(min = -30, max = 0) double reference) {
    assertThat(KlEstimator.K3.value(logprob, reference)).isBetween(0.0, 10.0);
    assertThat(KlEstimator.K3.value(logprob, logprob)).isZero();
  }

  @Property
  void derivativeIsTheLimitOfFiniteDifferences(
      @ForAll KlEstimator estimator,
      @ForAll @DoubleRange(min = -6, max = 0) double logprob,
      @ForAll @DoubleRange(min = -6, max = 0) double reference) {
    double step = 1e-6;
    double above = estimator.value(logprob + step, reference);
    double below = estimator.value(logprob - step, reference);
    Assume.that(estimator == KlEstimator.K1 || Math.abs(above - 10) > 1e-2);
    double difference = (above - below) / (2 * step);
    assertThat(estimator.derivative(logprob, reference))
        .isCloseTo(difference, within(1e-5 + 1e-5 * Math.abs(difference)));
  }

  @Example
  void bothEstimateTheDivergence() {
    double[] policy = {0.5, 0.3, 0.2};
    double[] reference = {0.2, 0.5, 0.3};
    double divergence = 0;
    for (int i = 0; i < policy.length; i++) {
      divergence += policy[i] * Math.log(policy[i] / reference[i]);
    }
    Random random = new Random(7);
    int samples = 200_000;
    double[] sums = new double[2];
    for (int n = 0; n < samples; n++) {
      double u = random.nextDouble();
      int i = u < 0.5 ? 0 : u < 0.8 ? 1 : 2;
      double logprob = Math.log(policy[i]);
      double other = Math.log(reference[i]);
      sums[0] += KlEstimator.K1.value(logprob, other);
      sums[1] += KlEstimator.K3.value(logprob, other);
    }
    double expected = divergence;
    assertThat(Arrays.stream(sums))
        .allSatisfy(sum -> assertThat(sum / samples).isCloseTo(expected, within(5e-3)));
  }
}

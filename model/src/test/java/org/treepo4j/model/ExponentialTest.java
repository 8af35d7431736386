package org.treepo4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class ExponentialTest {

  @Property(tries = 20_000)
  void agreesWithStrictMath(@ForAll @DoubleRange(min = -700, max = 0) double x) {
    assertThat(Exponential.of(x)).isCloseTo(StrictMath.exp(x), withinPercentage(1e-13));
    double nearZero = x / 700;
    assertThat(Exponential.of(nearZero))
        .isCloseTo(StrictMath.exp(nearZero), withinPercentage(1e-13));
  }

  @Test
  void ofZeroIsOneAndOfNothingIsNothing() {
    assertThat(Exponential.of(0)).isEqualTo(1);
    assertThat(Exponential.of(Double.NaN)).isNaN();
  }
}

package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.GradientClipping;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;

class GradientClippingTest {

  private static Weights weights(float... gradient) {
    Parameter a = new Parameter("a", new int[] {2}, new float[2], true);
    Parameter b = new Parameter("b", new int[] {1}, new float[1], true);
    Parameter frozen = new Parameter("c", new int[] {1}, new float[1], false);
    a.gradient()[0] = gradient[0];
    a.gradient()[1] = gradient[1];
    b.gradient()[0] = gradient[2];
    frozen.gradient()[0] = 100;
    return new Weights(TinyModels.LLAMA.config(), List.of(a, b, frozen));
  }

  @Test
  void scalesAllGradientsAsOneVector() {
    Weights weights = weights(2, 3, 6);
    assertThat(GradientClipping.clip(weights, 1)).isCloseTo(7, within(1e-9));
    assertThat(GradientClipping.globalNorm(weights)).isCloseTo(1, within(1e-6));
    assertThat(weights.parameter("b").gradient()[0]).isCloseTo(6f / 7, within(1e-6f));
  }

  @Test
  void leavesASmallGradientAlone() {
    Weights weights = weights(2, 3, 6);
    assertThat(GradientClipping.clip(weights, 7.5)).isCloseTo(7, within(1e-9));
    assertThat(weights.parameter("a").gradient()).containsExactly(2, 3);
  }

  @Test
  void reportsANormThatIsNotFiniteAndScalesNothing() {
    Weights weights = weights(2, Float.NaN, 6);
    assertThat(GradientClipping.clip(weights, 1)).isNaN();
    assertThat(weights.parameter("b").gradient()).containsExactly(6);
    assertThat(GradientClipping.clip(weights(Float.POSITIVE_INFINITY, 0, 0), 1)).isInfinite();
  }
}

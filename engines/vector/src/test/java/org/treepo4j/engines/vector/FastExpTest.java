package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import jdk.incubator.vector.FloatVector;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

class FastExpTest {

  @Property
  void equalsTheLibraryInFloat(@ForAll @FloatRange(min = -87, max = 88) float x) {
    assertThat((double) FastExp.exp(x)).isCloseTo(Math.exp(x), withinPercentage(4e-5));
    assertThat(vector(x)).isEqualTo(FastExp.exp(x));
  }

  @Test
  void staysTinyBelowTheRangeAndLargeAboveIt() {
    for (float x : new float[] {-88f, -104f, -1e3f, -1e6f, -8.8e6f, -1.3e7f, -1.74e7f, -1e9f}) {
      assertThat(vector(x)).isBetween(-1e-30f, 1e-30f);
      assertThat(FastExp.exp(x)).isBetween(-1e-30f, 1e-30f);
    }
    for (float x : new float[] {89f, 200f, 1e4f}) {
      assertThat(vector(x)).isGreaterThan(1e37f);
    }
    assertThat(vector(Float.NaN)).isNaN();
    assertThat(FastExp.exp(Float.NaN)).isNaN();
  }

  /** At -1e9 the rest r is up to 77, a rounding of x, and the polynomial of r up to 3e9. */
  @Property
  void staysTinyAnywhereBelowTheRange(@ForAll @FloatRange(min = 2, max = 9) float decade) {
    float x = (float) -Math.pow(10, decade);
    assertThat(vector(x)).isBetween(-1e-28f, 1e-28f);
    assertThat(FastExp.exp(x)).isBetween(-1e-28f, 1e-28f);
  }

  private static float vector(float x) {
    return FastExp.exp(FloatVector.broadcast(GemmKernel.SPECIES, x)).lane(0);
  }
}

package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.Bf16;

class Bf16KernelTest {

  @Property(tries = 1000)
  void pairsAreRoundedAsFilesAre(@ForAll int lowBits, @ForAll int highBits) {
    assertPair(Float.intBitsToFloat(lowBits), Float.intBitsToFloat(highBits));
  }

  @Test
  void tiesGoToEvenAndTheLargestBecomeInfinite() {
    int one = Float.floatToRawIntBits(1f);
    float[] values = {
      0f,
      -0f,
      Float.intBitsToFloat(one + 0x8000),
      Float.intBitsToFloat(one + 0x18000),
      Float.intBitsToFloat(one + 0x8001),
      Float.MIN_VALUE,
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN
    };
    for (float low : values) {
      for (float high : values) {
        assertPair(low, high);
      }
    }
    assertThat(Bf16Kernel.pair(Float.MAX_VALUE, 0f) << 16)
        .isEqualTo(Float.floatToIntBits(Float.POSITIVE_INFINITY));
  }

  private static void assertPair(float low, float high) {
    int pair = Bf16Kernel.pair(low, high);
    assertSameNumber(pair << 16, low);
    assertSameNumber(pair & 0xFFFF0000, high);
  }

  /** A NaN may have any bits. */
  private static void assertSameNumber(int bits, float original) {
    float expected = Bf16.toFloat(Bf16.fromFloat(original));
    assertThat(Float.floatToIntBits(Float.intBitsToFloat(bits)))
        .isEqualTo(Float.floatToIntBits(expected));
  }
}

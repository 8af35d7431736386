package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Both 16-bit formats against a reference that knows nothing but sign, exponent and fraction. */
class HalfPrecisionTest {

  private enum Format {
    FP16(5, 10),
    BF16(8, 7);

    final int exponentBits;
    final int fractionBits;

    Format(int exponentBits, int fractionBits) {
      this.exponentBits = exponentBits;
      this.fractionBits = fractionBits;
    }

    int infinity() {
      return ((1 << exponentBits) - 1) << fractionBits;
    }

    float toFloat(int bits) {
      return this == FP16 ? Fp16.toFloat((short) bits) : Bf16.toFloat((short) bits);
    }

    int fromFloat(float value) {
      return (this == FP16 ? Fp16.fromFloat(value) : Bf16.fromFloat(value)) & 0xffff;
    }

    /** The definition: ±fraction · 2^exponent; infinity is the number that would come next. */
    double magnitude(int bits) {
      int exponent = bits >> fractionBits;
      int fraction = bits & ((1 << fractionBits) - 1);
      int bias = (1 << (exponentBits - 1)) - 1;
      return exponent == 0
          ? Math.scalb((double) fraction, 1 - bias - fractionBits)
          : Math.scalb((double) (fraction + (1 << fractionBits)), exponent - bias - fractionBits);
    }

    /** Nearest by search through all magnitudes; of two equally near the one with even bits. */
    int nearest(float value) {
      int sign = Float.floatToRawIntBits(value) < 0 ? 0x8000 : 0;
      double wanted = Math.abs((double) value);
      if (wanted >= magnitude(infinity())) {
        return sign | infinity();
      }
      int low = 0;
      int high = infinity();
      while (high - low > 1) {
        int middle = (low + high) / 2;
        if (magnitude(middle) <= wanted) {
          low = middle;
        } else {
          high = middle;
        }
      }
      double below = wanted - magnitude(low);
      double above = magnitude(high) - wanted;
      boolean takeLow = below < above || (below == above && low % 2 == 0);
      return sign | (takeLow ? low : high);
    }
  }

  @Test
  void everySixteenBitValueWidensExactlyAndComesBack() {
    for (Format format : Format.values()) {
      for (int bits = 0; bits <= 0xffff; bits++) {
        float wide = format.toFloat(bits);
        int magnitude = bits & 0x7fff;
        if (magnitude > format.infinity()) {
          assertThat(wide).as("%s %04x", format, bits).isNaN();
        } else {
          float expected =
              magnitude == format.infinity()
                  ? Float.POSITIVE_INFINITY
                  : (float) format.magnitude(magnitude);
          assertThat(Float.floatToRawIntBits(wide))
              .as("%s %04x", format, bits)
              .isEqualTo(Float.floatToRawIntBits(bits > 0x7fff ? -expected : expected));
        }
        assertThat(format.fromFloat(wide)).as("%s %04x", format, bits).isEqualTo(bits);
      }
    }
  }

  @Test
  void everyMidpointRoundsToEvenAndItsNeighboursToTheNearer() {
    for (Format format : Format.values()) {
      for (int low = 0; low < format.infinity(); low++) {
        double middle = (format.magnitude(low) + format.magnitude(low + 1)) / 2;
        float tie = (float) middle;
        assertThat((double) tie).isEqualTo(middle);
        int even = low % 2 == 0 ? low : low + 1;
        assertThat(format.fromFloat(tie)).as("%s tie above %04x", format, low).isEqualTo(even);
        assertThat(format.fromFloat(-tie)).isEqualTo(even | 0x8000);
        assertThat(format.fromFloat(Math.nextDown(tie))).isEqualTo(low);
        assertThat(format.fromFloat(Math.nextUp(tie))).isEqualTo(low + 1);
      }
    }
  }

  @Property
  void anyFloatRoundsToTheNearest(@ForAll int bits) {
    float value = Float.intBitsToFloat(bits);
    for (Format format : Format.values()) {
      if (Float.isNaN(value)) {
        assertThat(format.toFloat(format.fromFloat(value))).isNaN();
      } else {
        assertThat(format.fromFloat(value)).isEqualTo(format.nearest(value));
      }
    }
  }
}

package org.treepo4j.checkpoints.gguf;

import java.nio.ByteBuffer;
import org.treepo4j.checkpoints.Fp16;

/**
 * Blocks of 32 elements with one scale. Of 16 bytes of 4-bit codes, the low halves are elements 0
 * to 15 and the high halves 16 to 31. Every product and sum is rounded to float32, in the order of
 * ggml's reference, so that values agree bit for bit.
 */
final class SimpleBlocks {
  private static final int HALF = 16;
  private static final int Q8_LEVELS = 127;

  /** The 16 levels of IQ4_NL and IQ4_XS. */
  static final byte[] NON_LINEAR = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** Twice the 16 values of a 4-bit float (e2m1). */
  private static final byte[] E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  private SimpleBlocks() {}

  /** d: f16, codes: u4[32]. */
  static void q4Zero(ByteBuffer in, int from, float[] out, int at) {
    float d = half(in, from);
    for (int i = 0; i < HALF; i++) {
      int code = in.get(from + 2 + i);
      out[at + i] = d * ((code & 0xf) - 8);
      out[at + HALF + i] = d * ((code >> 4 & 0xf) - 8);
    }
  }

  /** d: f16, m: f16, codes: u4[32]. */
  static void q4One(ByteBuffer in, int from, float[] out, int at) {
    float d = half(in, from);
    float m = half(in, from + 2);
    for (int i = 0; i < HALF; i++) {
      int code = in.get(from + 4 + i);
      out[at + i] = d * (code & 0xf) + m;
      out[at + HALF + i] = d * (code >> 4 & 0xf) + m;
    }
  }

  /** d: f16, fifth bits: u1[32], codes: u4[32]. */
  static void q5Zero(ByteBuffer in, int from, float[] out, int at) {
    float d = half(in, from);
    int high = in.getInt(from + 2);
    for (int i = 0; i < HALF; i++) {
      int code = in.get(from + 6 + i);
      out[at + i] = d * ((code & 0xf | (high >>> i & 1) << 4) - 16);
      out[at + HALF + i] = d * ((code >> 4 & 0xf | (high >>> i + HALF & 1) << 4) - 16);
    }
  }

  /** d: f16, m: f16, fifth bits: u1[32], codes: u4[32]. */
  static void q5One(ByteBuffer in, int from, float[] out, int at) {
    float d = half(in, from);
    float m = half(in, from + 2);
    int high = in.getInt(from + 4);
    for (int i = 0; i < HALF; i++) {
      int code = in.get(from + 8 + i);
      out[at + i] = d * (code & 0xf | (high >>> i & 1) << 4) + m;
      out[at + HALF + i] = d * (code >> 4 & 0xf | (high >>> i + HALF & 1) << 4) + m;
    }
  }

  /** d: f16, codes: i8[32]. */
  static void q8Zero(ByteBuffer in, int from, float[] out, int at) {
    float d = half(in, from);
    for (int i = 0; i < 2 * HALF; i++) {
      out[at + i] = d * in.get(from + 2 + i);
    }
  }

  /**
   * The inverse: d is the smallest half at which every code is within half a step of its element,
   * codes are rounded to nearest. ggml's reference rounds with d before it becomes a half, and so
   * misses by up to 0.56 steps.
   */
  static void toQ8Zero(float[] in, int at, int n, ByteBuffer out) {
    for (int block = at; block < at + n; block += 2 * HALF) {
      float most = 0;
      for (int i = 0; i < 2 * HALF; i++) {
        most = Math.max(most, Math.abs(in[block + i]));
      }
      short bits = Fp16.fromFloat(most / Q8_LEVELS);
      while (Fp16.toFloat(bits) * (Q8_LEVELS + 0.5f) < most) {
        bits++;
      }
      float d = Fp16.toFloat(bits);
      out.putShort(bits);
      for (int i = 0; i < 2 * HALF; i++) {
        long code = d == 0 ? 0 : Math.round((double) in[block + i] / d);
        out.put((byte) Math.max(-Q8_LEVELS, Math.min(Q8_LEVELS, code)));
      }
    }
  }

  /** d: f16, codes: u4[32]. */
  static void iq4NonLinear(ByteBuffer in, int from, float[] out, int at) {
    float d = half(in, from);
    levels(in, from + 2, d, NON_LINEAR, out, at);
  }

  /** exponent: u8, codes: u4[32]; the scale is 2^(exponent − 128), half of what e8m0 says. */
  static void mxfp4(ByteBuffer in, int from, float[] out, int at) {
    int exponent = in.get(from) & 0xff;
    int bits = exponent < 2 ? 0x0020_0000 << exponent : exponent - 1 << 23;
    levels(in, from + 1, Float.intBitsToFloat(bits), E2M1, out, at);
  }

  /** 16 bytes of 4-bit codes, each the index of a level. */
  static void levels(ByteBuffer in, int from, float d, byte[] levels, float[] out, int at) {
    for (int i = 0; i < HALF; i++) {
      int code = in.get(from + i);
      out[at + i] = d * levels[code & 0xf];
      out[at + HALF + i] = d * levels[code >> 4 & 0xf];
    }
  }

  static float half(ByteBuffer in, int from) {
    return Fp16.toFloat(in.getShort(from));
  }
}

package org.treepo4j.checkpoints.gguf;

import java.nio.ByteBuffer;

/**
 * Blocks of 256 elements: the K types, whose groups of 16 or 32 have quantised scales of their own,
 * IQ4_XS and the ternary types. Every product and sum is rounded to float32, in the order of ggml's
 * reference, so that values agree bit for bit.
 */
final class SuperBlocks {
  private static final int ELEMENTS = 256;

  private SuperBlocks() {}

  /** scales and minima: u4[16] each, codes: u2[256], d: f16, dmin: f16. */
  static void q2(ByteBuffer in, int from, float[] out, int at) {
    float d = SimpleBlocks.half(in, from + 80);
    float dmin = SimpleBlocks.half(in, from + 82);
    for (int group = 0; group < 16; group++) {
      int scale = in.get(from + group);
      float dl = d * (scale & 0xf);
      float ml = dmin * (scale >> 4 & 0xf);
      for (int i = 16 * group; i < 16 * group + 16; i++) {
        out[at + i] = dl * twoBits(in, from + 16, i) - ml;
      }
    }
  }

  /** third bits, inverted: u1[256], codes: u2[256], scales: u6[16], d: f16. */
  static void q3(ByteBuffer in, int from, float[] out, int at) {
    float d = SimpleBlocks.half(in, from + 108);
    int scales = from + 96;
    for (int group = 0; group < 16; group++) {
      int low = in.get(scales + group % 8) >> (group < 8 ? 0 : 4) & 0xf;
      int high = in.get(scales + 8 + group % 4) >> 2 * (group / 4) & 3;
      float dl = d * ((low | high << 4) - 32);
      for (int i = 16 * group; i < 16 * group + 16; i++) {
        int third = in.get(from + i % 32) >> i / 32 & 1;
        out[at + i] = dl * (twoBits(in, from + 32, i) - (third == 0 ? 4 : 0));
      }
    }
  }

  /** d: f16, dmin: f16, scales and minima: u6[8] each, codes: u4[256]. */
  static void q4(ByteBuffer in, int from, float[] out, int at) {
    float d = SimpleBlocks.half(in, from);
    float dmin = SimpleBlocks.half(in, from + 2);
    for (int group = 0; group < 8; group++) {
      float dl = d * scale(in, from + 4, group);
      float ml = dmin * minimum(in, from + 4, group);
      for (int i = 32 * group; i < 32 * group + 32; i++) {
        out[at + i] = dl * fourBits(in, from + 16, i) - ml;
      }
    }
  }

  /** d: f16, dmin: f16, scales and minima: u6[8] each, fifth bits: u1[256], codes: u4[256]. */
  static void q5(ByteBuffer in, int from, float[] out, int at) {
    float d = SimpleBlocks.half(in, from);
    float dmin = SimpleBlocks.half(in, from + 2);
    for (int group = 0; group < 8; group++) {
      float dl = d * scale(in, from + 4, group);
      float ml = dmin * minimum(in, from + 4, group);
      for (int i = 32 * group; i < 32 * group + 32; i++) {
        int fifth = in.get(from + 16 + i % 32) >> group & 1;
        out[at + i] = dl * (fourBits(in, from + 48, i) | fifth << 4) - ml;
      }
    }
  }

  /** low bits: u4[256], high bits: u2[256], scales: i8[16], d: f16. */
  static void q6(ByteBuffer in, int from, float[] out, int at) {
    float d = SimpleBlocks.half(in, from + 208);
    for (int i = 0; i < ELEMENTS; i++) {
      int inHalf = i % 128;
      int low = in.get(from + 64 * (i / 128) + inHalf % 64) >> 4 * (inHalf / 64) & 0xf;
      int high = twoBits(in, from + 128, i);
      float dl = d * in.get(from + 192 + i / 16);
      out[at + i] = dl * ((low | high << 4) - 32);
    }
  }

  /** d: f16, high bits of the scales: u2[8], low bits: u4[8], codes: u4[256] in groups of 32. */
  static void iq4(ByteBuffer in, int from, float[] out, int at) {
    float d = SimpleBlocks.half(in, from);
    int highs = in.getShort(from + 2);
    for (int group = 0; group < 8; group++) {
      int low = in.get(from + 4 + group / 2) >> 4 * (group % 2) & 0xf;
      int high = highs >> 2 * group & 3;
      float dl = d * ((low | high << 4) - 32);
      SimpleBlocks.levels(
          in, from + 8 + 16 * group, dl, SimpleBlocks.NON_LINEAR, out, at + 32 * group);
    }
  }

  /**
   * codes: five ternary digits in each of 48 bytes and four in each of 4, d: f16. A byte is the
   * fraction of 256 whose ternary digits these are: times 3^k, its leading digit is the k-th.
   */
  static void ternaryPacked(ByteBuffer in, int from, float[] out, int at) {
    float d = SimpleBlocks.half(in, from + 52);
    int to = at;
    to = digits(in, from, 32, 5, d, out, to);
    to = digits(in, from + 32, 16, 5, d, out, to);
    digits(in, from + 48, 4, 4, d, out, to);
  }

  private static int digits(
      ByteBuffer in, int from, int bytes, int digits, float d, float[] out, int at) {
    int to = at;
    int power = 1;
    for (int digit = 0; digit < digits; digit++) {
      for (int i = 0; i < bytes; i++) {
        int shifted = (in.get(from + i) & 0xff) * power & 0xff;
        out[to++] = d * ((shifted * 3 >> 8) - 1);
      }
      power *= 3;
    }
    return to;
  }

  /** codes: u2[256], d: f16. */
  static void ternary(ByteBuffer in, int from, float[] out, int at) {
    float d = SimpleBlocks.half(in, from + 64);
    for (int i = 0; i < ELEMENTS; i++) {
      out[at + i] = d * (twoBits(in, from, i) - 1);
    }
  }

  /** Element {@code i} of u2[256]: of 32 bytes each, the four pairs of bits are 128 elements. */
  private static int twoBits(ByteBuffer in, int from, int i) {
    return in.get(from + 32 * (i / 128) + i % 32) >> 2 * (i % 128 / 32) & 3;
  }

  /** Element {@code i} of u4[256]: of 32 bytes each, the two halves are 64 elements. */
  private static int fourBits(ByteBuffer in, int from, int i) {
    return in.get(from + 32 * (i / 64) + i % 32) >> 4 * (i % 64 / 32) & 0xf;
  }

  /** Scales and minima share 12 bytes: six bits of the first four each, then what is left over. */
  private static int scale(ByteBuffer in, int from, int group) {
    if (group < 4) {
      return in.get(from + group) & 0x3f;
    }
    return in.get(from + 4 + group) & 0xf | in.get(from + group - 4) >> 2 & 0x30;
  }

  private static int minimum(ByteBuffer in, int from, int group) {
    if (group < 4) {
      return in.get(from + 4 + group) & 0x3f;
    }
    return in.get(from + 4 + group) >> 4 & 0xf | in.get(from + group) >> 2 & 0x30;
  }
}

package org.treepo4j.checkpoints.gguf;

import java.nio.ByteBuffer;
import org.treepo4j.checkpoints.Bf16;
import org.treepo4j.checkpoints.Fp16;

/** Numbers that stand alone; what float32 cannot hold is rounded to nearest, ties to even. */
final class PlainNumbers {
  private PlainNumbers() {}

  static void f32(ByteBuffer in, int n, float[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = in.getFloat(4 * i);
    }
  }

  static void toF32(float[] in, int at, int n, ByteBuffer out) {
    for (int i = 0; i < n; i++) {
      out.putFloat(in[at + i]);
    }
  }

  static void f16(ByteBuffer in, int n, float[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = Fp16.toFloat(in.getShort(2 * i));
    }
  }

  static void toF16(float[] in, int at, int n, ByteBuffer out) {
    for (int i = 0; i < n; i++) {
      out.putShort(Fp16.fromFloat(in[at + i]));
    }
  }

  static void bf16(ByteBuffer in, int n, float[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = Bf16.toFloat(in.getShort(2 * i));
    }
  }

  static void toBf16(float[] in, int at, int n, ByteBuffer out) {
    for (int i = 0; i < n; i++) {
      out.putShort(Bf16.fromFloat(in[at + i]));
    }
  }

  static void f64(ByteBuffer in, int n, float[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = (float) in.getDouble(8 * i);
    }
  }

  static void i8(ByteBuffer in, int n, float[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = in.get(i);
    }
  }

  static void i16(ByteBuffer in, int n, float[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = in.getShort(2 * i);
    }
  }

  static void i32(ByteBuffer in, int n, float[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = in.getInt(4 * i);
    }
  }

  static void i64(ByteBuffer in, int n, float[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = in.getLong(8 * i);
    }
  }
}

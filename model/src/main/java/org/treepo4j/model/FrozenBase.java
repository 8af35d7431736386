package org.treepo4j.model;

import org.treepo4j.checkpoints.Bf16;

/** A matrix that an adapter is added to and that is never written. */
public sealed interface FrozenBase {

  /** Writes {@code count} elements from {@code offset} on into {@code to}. */
  void copyTo(int offset, float[] to, int at, int count);

  /** Keeps the array itself. */
  static FrozenBase float32(float[] values) {
    return new Float32(values);
  }

  /** Rounds elements to bf16 and keeps those: 2 bytes an element. */
  static FrozenBase bf16(float[] values) {
    short[] kept = new short[values.length];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = Bf16.fromFloat(values[i]);
    }
    return new Bfloat16(kept);
  }

  /** In float32. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Float32(float[] values) implements FrozenBase {
    @Override
    public void copyTo(int offset, float[] to, int at, int count) {
      System.arraycopy(values, offset, to, at, count);
    }
  }

  /** In bf16. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Bfloat16(short[] values) implements FrozenBase {
    @Override
    public void copyTo(int offset, float[] to, int at, int count) {
      for (int i = 0; i < count; i++) {
        to[at + i] = Bf16.toFloat(values[offset + i]);
      }
    }
  }
}

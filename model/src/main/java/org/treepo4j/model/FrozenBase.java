package org.treepo4j.model;

import org.treepo4j.checkpoints.Bf16;

/** The weights an adapter is added to, kept so that they can be had back exactly. */
sealed interface FrozenBase {

  /** Writes the elements from {@code offset} on into {@code row}. */
  void copyTo(int offset, float[] row);

  /** Keeps a copy: 4 bytes an element. */
  static FrozenBase float32(float[] values) {
    return new Float32(values.clone());
  }

  /** Rounds the live elements to bf16 and keeps those: 2 bytes an element. */
  static FrozenBase bf16(float[] values) {
    short[] kept = new short[values.length];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = Bf16.fromFloat(values[i]);
      values[i] = Bf16.toFloat(kept[i]);
    }
    return new Bfloat16(kept);
  }

  /** A copy in float32. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Float32(float[] values) implements FrozenBase {
    @Override
    public void copyTo(int offset, float[] row) {
      System.arraycopy(values, offset, row, 0, row.length);
    }
  }

  /** A copy in bf16. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Bfloat16(short[] values) implements FrozenBase {
    @Override
    public void copyTo(int offset, float[] row) {
      for (int i = 0; i < row.length; i++) {
        row[i] = Bf16.toFloat(values[offset + i]);
      }
    }
  }
}

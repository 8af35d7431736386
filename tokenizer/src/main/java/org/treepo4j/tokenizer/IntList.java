package org.treepo4j.tokenizer;

import java.util.Arrays;

/** Ids as they are found. */
final class IntList {
  private int[] values = new int[64];
  private int size;

  void add(int value) {
    reserve(1);
    values[size++] = value;
  }

  void addAll(int[] more) {
    addAll(more, more.length);
  }

  void addAll(int[] more, int count) {
    reserve(count);
    System.arraycopy(more, 0, values, size, count);
    size += count;
  }

  private void reserve(int more) {
    if (size + more > values.length) {
      values = Arrays.copyOf(values, Math.max(2 * values.length, size + more));
    }
  }

  int[] toArray() {
    return Arrays.copyOf(values, size);
  }
}

package org.treepo4j.tokenizer;

import java.util.Arrays;

/** (left id, right id) → rank and joined id: an open-addressing table that boxes nothing. */
final class MergeTable {
  /** What a lookup gives for a pair that never joins; higher than any joined pair. */
  static final long NONE = Long.MAX_VALUE;

  private static final long EMPTY = -1;

  /** Pairs of (key, value), key {@code left << 32 | right}, value {@code rank << 32 | joined}. */
  private final long[] table;

  private final int mask;

  MergeTable(int merges) {
    int capacity = Math.max(16, Integer.highestOneBit(Math.max(1, merges)) << 2);
    this.table = new long[2 * capacity];
    this.mask = capacity - 1;
    Arrays.fill(table, EMPTY);
  }

  /** Sets what the pair becomes; a later rank for the same pair replaces the earlier. */
  void put(int left, int right, int rank, int joined) {
    long key = key(left, right);
    int slot = slot(key);
    while (table[slot] != EMPTY && table[slot] != key) {
      slot = (slot + 2) & (2 * mask + 1);
    }
    table[slot] = key;
    table[slot + 1] = (long) rank << 32 | joined;
  }

  /** {@code rank << 32 | joined id}, or {@link #NONE}. */
  long get(int left, int right) {
    long key = key(left, right);
    int slot = slot(key);
    while (table[slot] != key) {
      if (table[slot] == EMPTY) {
        return NONE;
      }
      slot = (slot + 2) & (2 * mask + 1);
    }
    return table[slot + 1];
  }

  private static long key(int left, int right) {
    return (long) left << 32 | right;
  }

  private int slot(long key) {
    long hash = key * 0x9E3779B97F4A7C15L;
    return 2 * ((int) (hash >>> 32) & mask);
  }
}

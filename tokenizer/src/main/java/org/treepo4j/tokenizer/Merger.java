package org.treepo4j.tokenizer;

import java.util.Arrays;

/**
 * Joins the symbols of one word, lowest rank first and leftmost first among equals. Short words are
 * scanned; long ones use a heap over a linked list, n log n.
 */
final class Merger {
  private static final int SHORT = 40;

  private final MergeTable table;

  Merger(MergeTable table) {
    this.table = table;
  }

  /** Joins {@code symbols[0..count)} in place; returns how many are left. */
  int merge(int[] symbols, int count) {
    return count <= SHORT ? mergeShort(symbols, count) : mergeLong(symbols, count);
  }

  private int mergeShort(int[] symbols, int count) {
    long[] joins = new long[Math.max(count - 1, 0)];
    for (int i = 0; i < count - 1; i++) {
      joins[i] = table.get(symbols[i], symbols[i + 1]);
    }
    int left = count;
    while (left > 1) {
      int best = 0;
      for (int i = 1; i < left - 1; i++) {
        // The joined id stands below the rank; pairs may share a rank.
        if (joins[i] >>> 32 < joins[best] >>> 32) {
          best = i;
        }
      }
      if (joins[best] == MergeTable.NONE) {
        break;
      }
      symbols[best] = (int) joins[best];
      left--;
      System.arraycopy(symbols, best + 2, symbols, best + 1, left - best - 1);
      if (best < left - 1) {
        System.arraycopy(joins, best + 1, joins, best, left - 1 - best);
        joins[best] = table.get(symbols[best], symbols[best + 1]);
      }
      if (best > 0) {
        joins[best - 1] = table.get(symbols[best - 1], symbols[best]);
      }
    }
    return left;
  }

  private int mergeLong(int[] symbols, int count) {
    int[] next = new int[count];
    int[] previous = new int[count];
    Heap heap = new Heap(count);
    for (int i = 0; i < count; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      if (i + 1 < count) {
        offer(heap, symbols, i, i + 1);
      }
    }
    while (heap.size > 0) {
      long entry = heap.poll();
      int at = (int) entry;
      int right = symbols[at] < 0 ? count : next[at];
      if (right >= count) {
        continue;
      }
      long join = table.get(symbols[at], symbols[right]);
      if (join == MergeTable.NONE || join >>> 32 != entry >>> 32) {
        continue;
      }
      symbols[at] = (int) join;
      symbols[right] = -1;
      next[at] = next[right];
      if (next[at] < count) {
        previous[next[at]] = at;
        offer(heap, symbols, at, next[at]);
      }
      if (previous[at] >= 0) {
        offer(heap, symbols, previous[at], at);
      }
    }
    int left = 0;
    for (int i = 0; i < count; i++) {
      if (symbols[i] >= 0) {
        symbols[left++] = symbols[i];
      }
    }
    return left;
  }

  private void offer(Heap heap, int[] symbols, int left, int right) {
    long join = table.get(symbols[left], symbols[right]);
    if (join != MergeTable.NONE) {
      heap.add(join >>> 32 << 32 | left);
    }
  }

  /** A binary heap of {@code rank << 32 | position}, least first. */
  private static final class Heap {
    private long[] entries;
    private int size;

    Heap(int capacity) {
      this.entries = new long[Math.max(capacity, 16)];
    }

    void add(long entry) {
      if (size == entries.length) {
        entries = Arrays.copyOf(entries, 2 * size);
      }
      int at = size++;
      while (at > 0 && entries[(at - 1) >>> 1] > entry) {
        entries[at] = entries[(at - 1) >>> 1];
        at = (at - 1) >>> 1;
      }
      entries[at] = entry;
    }

    long poll() {
      long least = entries[0];
      long moved = entries[--size];
      int at = 0;
      for (int child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && entries[child + 1] < entries[child]) {
          child++;
        }
        if (entries[child] >= moved) {
          break;
        }
        entries[at] = entries[child];
        at = child;
      }
      entries[at] = moved;
      return least;
    }
  }
}

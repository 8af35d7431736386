package org.treepo4j.rl.loss;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** Splits lists of trees or examples into batches; an item is never split. */
public final class Packing {

  private Packing() {}

  /**
   * Mini-batches of {@code size} items, in order; the last may be smaller.
   *
   * @throws IllegalArgumentException when size is not positive
   */
  public static <T> List<List<T>> bySize(List<T> items, int size) {
    return byBudget(items, item -> 1, size);
  }

  /**
   * Micro-batches whose tokens stay within a budget, in order; an item above the budget is a
   * micro-batch of its own.
   *
   * @param tokens unique tokens of an item
   * @param budget unique tokens per micro-batch
   * @throws IllegalArgumentException when the budget is not positive
   */
  public static <T> List<List<T>> byBudget(List<T> items, ToIntFunction<T> tokens, int budget) {
    if (budget <= 0) {
      throw new IllegalArgumentException("budget must be positive, was " + budget);
    }
    List<List<T>> batches = new ArrayList<>();
    List<T> open = new ArrayList<>();
    long used = 0;
    for (T item : items) {
      int needed = tokens.applyAsInt(item);
      if (!open.isEmpty() && used + needed > budget) {
        batches.add(List.copyOf(open));
        open.clear();
        used = 0;
      }
      open.add(item);
      used += needed;
    }
    if (!open.isEmpty()) {
      batches.add(List.copyOf(open));
    }
    return batches;
  }
}

package org.treepo4j.rl.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Tasks over and over, every pass in an order of its own that follows from the seed and the number
 * of the pass; so a place in the row says which task it is, and a resumed run needs no more.
 */
public final class ShuffledTasks implements TaskSource {
  private final List<Task> tasks;
  private final long seed;
  private List<Task> order = List.of();
  private long pass = -1;

  /**
   * @param tasks at least one
   */
  public ShuffledTasks(List<Task> tasks, long seed) {
    if (tasks.isEmpty()) {
      throw new IllegalArgumentException("tasks must hold at least one");
    }
    this.tasks = List.copyOf(tasks);
    this.seed = seed;
  }

  @Override
  public Task at(long position) {
    long wanted = position / tasks.size();
    if (wanted != pass) {
      List<Task> shuffled = new ArrayList<>(tasks);
      Collections.shuffle(shuffled, new Random(31 * seed + wanted));
      order = shuffled;
      pass = wanted;
    }
    return order.get((int) (position % tasks.size()));
  }
}

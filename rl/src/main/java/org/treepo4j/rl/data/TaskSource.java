package org.treepo4j.rl.data;

/** An endless row of tasks, the same in every run of the same seed. */
@FunctionalInterface
public interface TaskSource {

  /**
   * The task at a place in the row.
   *
   * @param position 0 for the first
   */
  Task at(long position);
}

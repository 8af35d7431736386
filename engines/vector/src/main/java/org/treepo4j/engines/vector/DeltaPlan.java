package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.List;

/**
 * The rows of a batch cut into chunks for {@link DeltaChunk}: runs of a segment that end where
 * another branch begins, so that a chunk begins with the state at the end of another or with none.
 */
final class DeltaPlan {
  /**
   * One chunk.
   *
   * @param from first row
   * @param to row after the last
   * @param before index in its tree of the chunk it continues, smaller than its own; −1 for none
   */
  record Chunk(int from, int to, int before) {}

  private final List<List<Chunk>> trees = new ArrayList<>();

  /**
   * @param tokens most tokens of a chunk
   */
  DeltaPlan(TreeLayout layout, int tokens) {
    int[] parents = layout.parents();
    boolean[] forks = new boolean[layout.rows()];
    for (int row = 0; row < parents.length; row++) {
      if (parents[row] >= 0 && parents[row] != row - 1) {
        forks[parents[row]] = true;
      }
    }
    int[] endsWith = new int[layout.rows()];
    for (int tree = 0; tree < layout.trees(); tree++) {
      List<Chunk> chunks = new ArrayList<>();
      for (TreeLayout.Segment segment : layout.segments(tree)) {
        int from = segment.start();
        for (int row = from; row < segment.end(); row++) {
          if (forks[row] || row + 1 - from == tokens || row + 1 == segment.end()) {
            int parent = parents[from];
            endsWith[row] = chunks.size();
            chunks.add(new Chunk(from, row + 1, parent < 0 ? -1 : endsWith[parent]));
            from = row + 1;
          }
        }
      }
      trees.add(chunks);
    }
  }

  int trees() {
    return trees.size();
  }

  /** Chunks of a tree in the order of their rows. */
  List<Chunk> chunks(int tree) {
    return trees.get(tree);
  }
}

package org.treepo4j.engines.vector;

/** Which tokens each row predicts: its children in the tree, none for a leaf. */
final class Targets {
  private final int[] starts;
  private final int[] rows;
  private final int[] tokens;

  Targets(TreeLayout layout) {
    int size = layout.rows();
    int[] parents = layout.parents();
    tokens = layout.tokens();
    starts = new int[size + 1];
    for (int parent : parents) {
      if (parent >= 0) {
        starts[parent + 1]++;
      }
    }
    for (int row = 0; row < size; row++) {
      starts[row + 1] += starts[row];
    }
    rows = new int[starts[size]];
    int[] next = starts.clone();
    for (int row = 0; row < size; row++) {
      if (parents[row] >= 0) {
        rows[next[parents[row]]++] = row;
      }
    }
  }

  /** First target of a row. */
  int from(int row) {
    return starts[row];
  }

  /** End of the targets of a row. */
  int to(int row) {
    return starts[row + 1];
  }

  /** Row of a target. */
  int row(int target) {
    return rows[target];
  }

  /** Token id of a target. */
  int token(int target) {
    return tokens[rows[target]];
  }

  /** Σ of {@code values} over the targets of a row. */
  float sum(int row, float[] values) {
    float sum = 0;
    for (int t = from(row); t < to(row); t++) {
      sum += values[rows[t]];
    }
    return sum;
  }
}

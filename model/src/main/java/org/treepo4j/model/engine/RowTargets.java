package org.treepo4j.model.engine;

/** Which tokens each row predicts: its children in the tree, none for a leaf. */
public final class RowTargets {
  private final int[] starts;
  private final int[] rows;
  private final int[] tokens;

  public RowTargets(TreeRows batch) {
    int size = batch.rows();
    int[] parents = batch.parents();
    tokens = batch.tokens();
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
  public int from(int row) {
    return starts[row];
  }

  /** End of the targets of a row. */
  public int to(int row) {
    return starts[row + 1];
  }

  /** Row of a target. */
  public int row(int target) {
    return rows[target];
  }

  /** Token id of a target. */
  public int token(int target) {
    return tokens[rows[target]];
  }

  /** Σ of {@code values} over the targets of a row. */
  public float sum(int row, float[] values) {
    float sum = 0;
    for (int t = from(row); t < to(row); t++) {
      sum += values[rows[t]];
    }
    return sum;
  }

  /** First target of every row and, at the end, their number; not copied. */
  public int[] starts() {
    return starts;
  }

  /** Row of every target; not copied. */
  public int[] rows() {
    return rows;
  }

  /**
   * Whether a score depends on what a row predicts.
   *
   * @param dLogprob derivatives by the row that is predicted
   * @param dEntropy derivatives by the row that predicts
   */
  public boolean isUsed(int row, float[] dLogprob, float[] dEntropy) {
    boolean used = dEntropy[row] != 0;
    for (int t = from(row); t < to(row) && !used; t++) {
      used = dLogprob[rows[t]] != 0;
    }
    return used;
  }
}

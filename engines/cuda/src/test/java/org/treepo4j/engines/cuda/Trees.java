package org.treepo4j.engines.cuda;

/** Random trees as rows in depth-first order, some one after another. */
@SuppressWarnings("ArrayRecordComponent") // read by tests
record Trees(int[] parents, int[] positions) {

  /**
   * @param bushy percent of rows that begin a branch
   */
  static Trees random(Numbers numbers, int rows, int trees, int bushy) {
    int[] parents = new int[rows];
    int[] positions = new int[rows];
    int root = 0;
    for (int row = 0; row < rows; row++) {
      boolean begins = row == 0 || trees > 1 && numbers.between(0, rows) < trees - 1;
      if (begins) {
        root = row;
        parents[row] = -1;
        continue;
      }
      // Behind a row comes a child of it or of one of its ancestors.
      int parent = row - 1;
      if (numbers.between(1, 100) <= bushy) {
        for (int up = numbers.between(1, 20); up > 0 && parent > root; up--) {
          parent = parents[parent];
        }
      }
      parents[row] = parent;
      positions[row] = positions[parent] + 1;
    }
    return new Trees(parents, positions);
  }

  int rows() {
    return parents.length;
  }

  /** Whether row {@code i} sees row {@code j}, by walking up from it. */
  boolean sees(int i, int j, int window) {
    for (int row = i; row >= 0; row = parents[row]) {
      if (row == j) {
        return window == 0 || positions[i] - positions[j] < window;
      }
    }
    return false;
  }
}

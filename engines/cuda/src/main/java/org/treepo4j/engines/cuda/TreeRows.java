package org.treepo4j.engines.cuda;

import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.TokenTree;

/**
 * The tokens of a batch of trees as rows of one matrix: trees one after another, each in
 * depth-first order. Also which tokens each row predicts: its children, none for a leaf.
 */
final class TreeRows {
  private final int[][] rowOf;
  private final int[] tokens;
  private final int[] positions;
  private final int[] parents;
  private final int[] targetStarts;
  private final int[] targetRows;

  TreeRows(List<TokenTree> trees) {
    int size = 0;
    for (TokenTree tree : trees) {
      size = Math.addExact(size, tree.size());
    }
    tokens = new int[size];
    positions = new int[size];
    parents = new int[size];
    rowOf = new int[trees.size()][];
    int row = 0;
    for (int t = 0; t < rowOf.length; t++) {
      place(trees.get(t), t, row);
      row += trees.get(t).size();
    }
    targetStarts = new int[size + 1];
    for (int parent : parents) {
      if (parent >= 0) {
        targetStarts[parent + 1]++;
      }
    }
    for (int i = 0; i < size; i++) {
      targetStarts[i + 1] += targetStarts[i];
    }
    targetRows = new int[targetStarts[size]];
    int[] next = targetStarts.clone();
    for (int i = 0; i < size; i++) {
      if (parents[i] >= 0) {
        targetRows[next[parents[i]]++] = i;
      }
    }
  }

  private void place(TokenTree tree, int number, int firstRow) {
    int size = tree.size();
    int[] firstChild = new int[size];
    int[] nextSibling = new int[size];
    Arrays.fill(firstChild, -1);
    for (int i = size - 1; i > 0; i--) {
      int parent = tree.parents()[i];
      nextSibling[i] = firstChild[parent];
      firstChild[parent] = i;
    }
    int[] rows = new int[size];
    int[] pending = new int[size];
    int count = 0;
    pending[count++] = 0;
    nextSibling[0] = -1;
    for (int row = firstRow; count > 0; row++) {
      int token = pending[--count];
      rows[token] = row;
      tokens[row] = tree.tokens()[token];
      positions[row] = tree.positions()[token];
      parents[row] = token == 0 ? -1 : rows[tree.parents()[token]];
      if (nextSibling[token] >= 0) {
        pending[count++] = nextSibling[token];
      }
      if (firstChild[token] >= 0) {
        pending[count++] = firstChild[token];
      }
    }
    rowOf[number] = rows;
  }

  int rows() {
    return tokens.length;
  }

  int trees() {
    return rowOf.length;
  }

  /** Row of every token of a tree. */
  int[] rowsOf(int tree) {
    return rowOf[tree];
  }

  /** Token ids by row. */
  int[] tokens() {
    return tokens;
  }

  /** Positions by row. */
  int[] positions() {
    return positions;
  }

  /** Parent rows by row, −1 for roots. */
  int[] parents() {
    return parents;
  }

  /** First target of each row, {@code [rows + 1]}. */
  int[] targetStarts() {
    return targetStarts;
  }

  /** Row of each target. */
  int[] targetRows() {
    return targetRows;
  }

  /** Token id of each target. */
  int[] targetTokens() {
    int[] ids = new int[targetRows.length];
    for (int t = 0; t < ids.length; t++) {
      ids[t] = tokens[targetRows[t]];
    }
    return ids;
  }

  /** Rows with a derivative that is not 0, in rising order. */
  int[] active(float[] dLogprob, float[] dEntropy) {
    int[] active = new int[rows()];
    int count = 0;
    for (int row = 0; row < active.length; row++) {
      boolean used = dEntropy[row] != 0;
      for (int t = targetStarts[row]; t < targetStarts[row + 1] && !used; t++) {
        used = dLogprob[targetRows[t]] != 0;
      }
      if (used) {
        active[count++] = row;
      }
    }
    return Arrays.copyOf(active, count);
  }
}

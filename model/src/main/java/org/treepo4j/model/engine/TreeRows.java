package org.treepo4j.model.engine;

import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.TokenTree;

/**
 * The tokens of a batch of trees as rows of one matrix: trees one after another, each in
 * depth-first order with its longest branch first. A row's parent stands before it, and its
 * descendants are the rows right behind it.
 */
public final class TreeRows {
  private final int[][] rowOf;
  private final int[] tokens;
  private final int[] positions;
  private final int[] parents;

  public TreeRows(List<TokenTree> trees) {
    int size = 0;
    for (TokenTree tree : trees) {
      size = Math.addExact(size, tree.size());
    }
    tokens = new int[size];
    positions = new int[size];
    parents = new int[size];
    rowOf = new int[trees.size()][];
    int row = 0;
    for (int t = 0; t < trees.size(); t++) {
      rowOf[t] = place(trees.get(t), row);
      row += trees.get(t).size();
    }
  }

  /** Number of rows. */
  public int rows() {
    return tokens.length;
  }

  /** Number of trees. */
  public int trees() {
    return rowOf.length;
  }

  /** Token ids by row; not copied. */
  public int[] tokens() {
    return tokens;
  }

  /** Positions by row; not copied. */
  public int[] positions() {
    return positions;
  }

  /** Parent rows by row, −1 for roots; always smaller than the row; not copied. */
  public int[] parents() {
    return parents;
  }

  /** Row of every token of a tree; not copied. */
  public int[] rowsOf(int tree) {
    return rowOf[tree];
  }

  /** The values of a tree's tokens, of values by row. */
  public float[] pick(int tree, float[] byRow) {
    int[] rows = rowOf[tree];
    float[] values = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      values[i] = byRow[rows[i]];
    }
    return values;
  }

  /**
   * Values by row, of those of all trees' tokens.
   *
   * @param byToken {@code [trees][tokens]}
   * @param name what a refusal calls them
   * @throws IllegalArgumentException for values of another shape
   */
  public float[] place(float[][] byToken, String name) {
    if (byToken.length != trees()) {
      throw new IllegalArgumentException(
          name + " must have " + trees() + " rows, had " + byToken.length);
    }
    float[] byRow = new float[rows()];
    for (int tree = 0; tree < byToken.length; tree++) {
      int[] rows = rowOf[tree];
      if (byToken[tree].length != rows.length) {
        throw new IllegalArgumentException(
            String.format(
                "%s of tree %d must have %d values, had %d",
                name, tree, rows.length, byToken[tree].length));
      }
      for (int token = 0; token < rows.length; token++) {
        byRow[rows[token]] = byToken[tree][token];
      }
    }
    return byRow;
  }

  private int[] place(TokenTree tree, int firstRow) {
    int size = tree.size();
    int[] treeParents = tree.parents();
    int[] height = new int[size];
    for (int i = size - 1; i > 0; i--) {
      height[treeParents[i]] = Math.max(height[treeParents[i]], height[i] + 1);
    }
    // Children as linked lists; each list will be popped from its head, so the highest goes there.
    int[] firstChild = new int[size];
    int[] nextSibling = new int[size];
    Arrays.fill(firstChild, -1);
    for (int i = size - 1; i > 0; i--) {
      int head = firstChild[treeParents[i]];
      if (head < 0 || height[i] >= height[head]) {
        nextSibling[i] = head;
        firstChild[treeParents[i]] = i;
      } else {
        nextSibling[i] = nextSibling[head];
        nextSibling[head] = i;
      }
    }
    int[] rows = new int[size];
    int[] stack = new int[size];
    int depth = 0;
    stack[depth++] = 0;
    int row = firstRow;
    while (depth > 0) {
      int token = stack[--depth];
      rows[token] = row;
      tokens[row] = tree.tokens()[token];
      positions[row] = tree.positions()[token];
      parents[row] = token == 0 ? -1 : rows[treeParents[token]];
      row++;
      depth = pushChildren(firstChild[token], nextSibling, stack, depth);
    }
    return rows;
  }

  /** Pushes siblings so that the head of their list comes off first. */
  private static int pushChildren(int head, int[] nextSibling, int[] stack, int depth) {
    int count = 0;
    for (int child = head; child >= 0; child = nextSibling[child]) {
      count++;
    }
    int at = depth + count;
    for (int child = head; child >= 0; child = nextSibling[child]) {
      stack[--at] = child;
    }
    return depth + count;
  }
}

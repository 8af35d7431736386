package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.TokenTree;

/**
 * The tokens of a batch of trees as rows of one matrix, ordered so that attention reads whole
 * blocks: every tree in depth-first order, its longest branch first, cut into segments. The rows of
 * a segment are consecutive and each is the parent of the next, so all of them share the ancestors
 * of the first, and those are a short list of row ranges.
 */
final class TreeLayout {

  /**
   * A run of rows, each the parent of the next.
   *
   * @param start first row
   * @param end row after the last
   * @param ancestors row ranges {@code [from, to)} before the segment, root first, flattened
   */
  record Segment(int start, int end, int[] ancestors) {}

  private final int[][] rowOf;
  private final int[] tokens;
  private final int[] positions;
  private final int[] parents;
  private final List<List<Segment>> segments = new ArrayList<>();

  TreeLayout(List<TokenTree> trees) {
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
      place(trees.get(t), t, row);
      segments.add(segments(row, row + trees.get(t).size()));
      row += trees.get(t).size();
    }
  }

  /** Number of rows. */
  int rows() {
    return tokens.length;
  }

  int trees() {
    return rowOf.length;
  }

  /** Token ids by row. */
  int[] tokens() {
    return tokens;
  }

  /** Positions by row. */
  int[] positions() {
    return positions;
  }

  /** Parent rows by row, −1 for roots; always smaller than the row. */
  int[] parents() {
    return parents;
  }

  /** Row of every token of a tree. */
  int[] rowsOf(int tree) {
    return rowOf[tree];
  }

  /** First row of a tree. */
  int firstRow(int tree) {
    return segments.get(tree).get(0).start();
  }

  /** Row after the last of a tree. */
  int endRow(int tree) {
    List<Segment> own = segments.get(tree);
    return own.get(own.size() - 1).end();
  }

  /** Segments of a tree, in order of their rows. */
  List<Segment> segments(int tree) {
    return segments.get(tree);
  }

  private void place(TokenTree tree, int number, int firstRow) {
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
    rowOf[number] = rows;
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

  private List<Segment> segments(int from, int to) {
    List<Segment> found = new ArrayList<>();
    int start = from;
    for (int row = from + 1; row <= to; row++) {
      if (row == to || parents[row] != row - 1) {
        found.add(new Segment(start, row, ancestors(found, parents[start])));
        start = row;
      }
    }
    return found;
  }

  /** Ranges from the root to {@code parent}, found through the segment that holds it. */
  private static int[] ancestors(List<Segment> before, int parent) {
    if (parent < 0) {
      return new int[0];
    }
    Segment holder = holder(before, parent);
    int[] above = holder.ancestors();
    int[] ranges = Arrays.copyOf(above, above.length + 2);
    ranges[above.length] = holder.start();
    ranges[above.length + 1] = parent + 1;
    return ranges;
  }

  private static Segment holder(List<Segment> before, int row) {
    int low = 0;
    int high = before.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (before.get(middle).start() <= row) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return before.get(low);
  }
}

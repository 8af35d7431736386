package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.engine.TreeRows;

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

  private final TreeRows order;
  private final List<List<Segment>> segments = new ArrayList<>();

  TreeLayout(List<TokenTree> trees) {
    order = new TreeRows(trees);
    int row = 0;
    for (TokenTree tree : trees) {
      segments.add(segments(row, row + tree.size()));
      row += tree.size();
    }
  }

  /** Where the tokens stand. */
  TreeRows order() {
    return order;
  }

  /** Number of rows. */
  int rows() {
    return order.rows();
  }

  int trees() {
    return order.trees();
  }

  /** Token ids by row. */
  int[] tokens() {
    return order.tokens();
  }

  /** Positions by row. */
  int[] positions() {
    return order.positions();
  }

  /** Parent rows by row, −1 for roots; always smaller than the row. */
  int[] parents() {
    return order.parents();
  }

  /** Row of every token of a tree. */
  int[] rowsOf(int tree) {
    return order.rowsOf(tree);
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

  private List<Segment> segments(int from, int to) {
    int[] parents = parents();
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

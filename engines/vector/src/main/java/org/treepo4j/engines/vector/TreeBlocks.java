package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.List;

/**
 * The blocks that attention computes at once: consecutive tokens of one segment. Blocks of a tree
 * are also cut into parts of about equal work, whose gradients of keys and values are summed up
 * apart; into how many depends on the layout alone, so that sums do not depend on the threads.
 */
final class TreeBlocks {
  /** Tasks that keep processors busy to the end. */
  private static final int TASKS = 16;

  /** Consecutive query rows of one segment. */
  record Block(TreeLayout.Segment segment, int from, int to) {
    int tokens() {
      return to - from;
    }

    /** Pairs of queries and keys, about. */
    private long work() {
      long keys = to - segment.start();
      int[] ancestors = segment.ancestors();
      for (int i = 0; i < ancestors.length; i += 2) {
        keys += ancestors[i + 1] - ancestors[i];
      }
      return keys * tokens();
    }
  }

  /** Some blocks of one tree. */
  record Part(int tree, int number, List<Block> blocks) {}

  /**
   * How far back tokens see.
   *
   * @param window tokens that a token sees, itself included; 0 for all
   * @param positions by row
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Sight(int window, int[] positions) {
    /**
     * The first row that a token sees, of a range of its ancestors that begins with {@code from};
     * behind the range when it sees none of it.
     */
    int first(int token, int from) {
      return window == 0
          ? from
          : from + Math.max(0, positions[token] - window + 1 - positions[from]);
    }

    /** Tokens of a block that are not too far behind a key. */
    int near(Block block, int key) {
      int tokens = block.tokens();
      return window == 0
          ? tokens
          : Math.min(tokens, positions[key] + window - positions[block.from()]);
    }
  }

  private final List<Block> all = new ArrayList<>();
  private final List<Part> parts = new ArrayList<>();
  private int most;

  /**
   * @param blockTokens tokens of a block
   * @param kvHeads tasks that a part gives
   */
  TreeBlocks(TreeLayout layout, int blockTokens, int kvHeads) {
    int perTree = Math.max(1, TASKS / (layout.trees() * kvHeads));
    for (int tree = 0; tree < layout.trees(); tree++) {
      List<Block> blocks = new ArrayList<>();
      for (TreeLayout.Segment segment : layout.segments(tree)) {
        for (int from = segment.start(); from < segment.end(); from += blockTokens) {
          blocks.add(new Block(segment, from, Math.min(segment.end(), from + blockTokens)));
        }
      }
      all.addAll(blocks);
      split(tree, blocks, perTree);
    }
  }

  private void split(int tree, List<Block> blocks, int wanted) {
    long work = blocks.stream().mapToLong(Block::work).sum();
    long done = 0;
    int number = 0;
    int from = 0;
    for (int i = 0; i < blocks.size(); i++) {
      done += blocks.get(i).work();
      if (done * wanted >= work * (number + 1) || i + 1 == blocks.size()) {
        parts.add(new Part(tree, number++, blocks.subList(from, i + 1)));
        from = i + 1;
      }
    }
    most = Math.max(most, number);
  }

  List<Block> all() {
    return all;
  }

  List<Part> parts() {
    return parts;
  }

  /** Parts of the tree that has most. */
  int mostParts() {
    return most;
  }
}

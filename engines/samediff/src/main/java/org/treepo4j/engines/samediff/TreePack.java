package org.treepo4j.engines.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.TokenTree;

/**
 * Trees that pass through the network together: their tokens stand one after the other as rows, and
 * the mask lets each token see itself and its ancestors only. Attention is dense over the pack, so
 * packs are kept small; only a tree that is itself larger makes a larger one.
 *
 * @param first number of its first tree in the batch
 * @param trees its trees
 */
record TreePack(int first, List<TokenTree> trees) {
  /** Tokens beyond which no further tree joins. */
  private static final int FULL = 256;

  /** What a mask adds to the score of a token that must not be seen: more than any score. */
  static final float HIDDEN = -1e30f;

  /** Splits a batch, in its order. */
  static List<TreePack> split(List<TokenTree> batch) {
    List<TreePack> packs = new ArrayList<>();
    int first = 0;
    int tokens = 0;
    for (int t = 0; t < batch.size(); t++) {
      int size = batch.get(t).size();
      if (t > first && tokens + size > FULL) {
        packs.add(new TreePack(first, List.copyOf(batch.subList(first, t))));
        first = t;
        tokens = 0;
      }
      tokens += size;
    }
    if (first < batch.size()) {
      packs.add(new TreePack(first, List.copyOf(batch.subList(first, batch.size()))));
    }
    return packs;
  }

  /** Tokens of all its trees. */
  int rows() {
    return trees.stream().mapToInt(TokenTree::size).sum();
  }

  /** Row of the root of one of its trees. */
  int rowOf(int tree) {
    return trees.subList(0, tree).stream().mapToInt(TokenTree::size).sum();
  }

  int[] tokens() {
    return trees.stream().flatMapToInt(tree -> Arrays.stream(tree.tokens())).toArray();
  }

  int[] positions() {
    return trees.stream().flatMapToInt(tree -> Arrays.stream(tree.positions())).toArray();
  }

  /**
   * The ancestor mask, {@code [1, 1, rows·group, rows]}.
   *
   * @param group query heads of one key/value head; each row stands that many times
   * @param window tokens that a token sees, itself included; 0 for all
   */
  Tensor mask(int group, int window) {
    int rows = rows();
    float[] mask = new float[Math.multiplyExact(Math.multiplyExact(rows, group), rows)];
    Arrays.fill(mask, HIDDEN);
    int root = 0;
    for (TokenTree tree : trees) {
      for (int t = 0; t < tree.size(); t++) {
        for (int g = 0; g < group; g++) {
          int row = ((root + t) * group + g) * rows + root;
          int most = window == 0 ? tree.size() : window;
          int seen = t;
          for (int n = 0; n < most && seen >= 0; n++) {
            mask[row + seen] = 0;
            seen = tree.parents()[seen];
          }
        }
      }
      root += tree.size();
    }
    return Tensor.of(mask, 1, 1, (long) rows * group, rows);
  }
}

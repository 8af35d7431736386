package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * The experts that the rows of a pass go to in every layer: as they were chosen, or as they were
 * given and are to be taken, where a row's first number in a layer is not −1.
 */
final class Routing {
  private final int perToken;
  private final int perRow;
  private int[] chosen = new int[0];

  Routing(ModelConfig config) {
    this.perToken = config.design().experts().perToken();
    this.perRow = config.layers() * perToken;
  }

  /** Numbers of one row. */
  int perRow() {
    return perRow;
  }

  /** Leaves all choices to the router. */
  void clear(int rows) {
    int size = Math.multiplyExact(rows, perRow);
    if (chosen.length < size) {
      chosen = new int[size];
    }
    Arrays.fill(chosen, 0, size, -1);
  }

  /** Where a row's experts of a layer stand in {@link #chosen}. */
  int at(int row, int layer) {
    return row * perRow + layer * perToken;
  }

  /** {@code [rows × layers × perToken]}. */
  int[] chosen() {
    return chosen;
  }

  /**
   * Refuses choices of one tree that the model cannot follow.
   *
   * @throws IllegalArgumentException naming the first
   */
  static void check(ModelConfig config, int[] given, int tokens, int tree) {
    Experts experts = config.design().experts();
    int perToken = config.layers() * experts.perToken();
    if (given.length != tokens * perToken) {
      throw new IllegalArgumentException(
          "experts of tree %d must be %d numbers, were %d"
              .formatted(tree, tokens * perToken, given.length));
    }
    for (int from = 0; from < given.length; from += experts.perToken()) {
      for (int i = from; given[from] != -1 && i < from + experts.perToken(); i++) {
        boolean twice = false;
        for (int j = from; j < i; j++) {
          twice |= given[j] == given[i];
        }
        if (given[i] < 0 || given[i] >= experts.count() || twice) {
          throw new IllegalArgumentException(
              "token %d of tree %d cannot go to expert %d of %d"
                  .formatted(from / perToken, tree, given[i], experts.count()));
        }
      }
    }
  }
}

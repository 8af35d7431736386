package org.treepo4j.engines.vector;

import java.util.Arrays;
import java.util.List;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.TokenTree;

/**
 * The experts that the rows of a pass go to in every layer: as they were chosen, or as they were
 * given and are to be taken, where a row's first number in a layer is not −1.
 */
final class Routing {
  private final int perToken;
  private final int perRow;
  private short[] chosen = new short[0];

  Routing(ModelConfig config) {
    this.perToken = config.design().experts().perToken();
    this.perRow = config.layers() * perToken;
  }

  /** Numbers of one row. */
  int perRow() {
    return perRow;
  }

  /** Leaves all choices to the router. */
  private void clear(int rows) {
    int size = Math.multiplyExact(rows, perRow);
    if (chosen.length < size) {
      chosen = new short[size];
    }
    Arrays.fill(chosen, 0, size, (short) -1);
  }

  /** Where a row's experts of a layer stand in {@link #chosen}. */
  int at(int row, int layer) {
    return row * perRow + layer * perToken;
  }

  /** {@code [rows × layers × perToken]}. */
  short[] chosen() {
    return chosen;
  }

  /**
   * Takes over what trees name.
   *
   * @throws IllegalArgumentException naming the first that the model does not have
   */
  void take(List<TokenTree> trees, TreeLayout layout) {
    clear(layout.rows());
    for (int tree = 0; tree < trees.size(); tree++) {
      short[] given = trees.get(tree).experts();
      int[] rows = layout.rowsOf(tree);
      for (int token = 0; given != null && token < rows.length; token++) {
        System.arraycopy(given, token * perRow, chosen, rows[token] * perRow, perRow);
      }
    }
  }

  /**
   * Refuses experts of a tree that the model does not have.
   *
   * @throws IllegalArgumentException naming the first
   */
  static void check(ModelConfig config, TokenTree tree, int number) {
    short[] given = tree.experts();
    Experts experts = config.design().experts();
    if (given == null) {
      return;
    }
    int perToken = experts == null ? 0 : config.layers() * experts.perToken();
    if (tree.expertsPerToken() != perToken) {
      throw new IllegalArgumentException(
          "tokens of tree %d must have %d experts, had %d"
              .formatted(number, perToken, tree.expertsPerToken()));
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
                  .formatted(from / perToken, number, given[i], experts.count()));
        }
      }
    }
  }
}

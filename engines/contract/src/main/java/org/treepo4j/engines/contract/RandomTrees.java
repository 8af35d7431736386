package org.treepo4j.engines.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.treepo4j.model.TokenTree;

/** Token trees of random shape for tests. */
public final class RandomTrees {

  private RandomTrees() {}

  /** A tree of {@code size} tokens; most continue a path, some branch. */
  public static TokenTree tree(Random random, int size, int vocabSize) {
    int[] tokens = new int[size];
    int[] parents = new int[size];
    for (int i = 0; i < size; i++) {
      tokens[i] = random.nextInt(vocabSize);
      parents[i] = i == 0 || random.nextInt(4) != 0 ? i - 1 : random.nextInt(i);
    }
    return TokenTree.of(tokens, parents);
  }

  /** Several trees of {@code 1..maxSize} tokens. */
  public static List<TokenTree> forest(Random random, int trees, int maxSize, int vocabSize) {
    List<TokenTree> forest = new ArrayList<>();
    for (int i = 0; i < trees; i++) {
      forest.add(tree(random, 1 + random.nextInt(maxSize), vocabSize));
    }
    return forest;
  }

  /** Indices of the tokens that nothing continues. */
  public static List<Integer> leaves(TokenTree tree) {
    boolean[] continued = new boolean[tree.size()];
    for (int i = 1; i < tree.size(); i++) {
      continued[tree.parents()[i]] = true;
    }
    List<Integer> leaves = new ArrayList<>();
    for (int i = 0; i < tree.size(); i++) {
      if (!continued[i]) {
        leaves.add(i);
      }
    }
    return leaves;
  }

  /** The path from the root to a token as a tree of its own. */
  public static TokenTree chain(TokenTree tree, int token) {
    int[] path = tree.path(token);
    int[] tokens = new int[path.length];
    for (int i = 0; i < path.length; i++) {
      tokens[i] = tree.tokens()[path[i]];
    }
    return TokenTree.chain(tokens);
  }

  /** One standard normal number for every token of every tree. */
  public static float[][] coefficients(Random random, List<TokenTree> trees) {
    float[][] coefficients = new float[trees.size()][];
    for (int t = 0; t < coefficients.length; t++) {
      coefficients[t] = new float[trees.get(t).size()];
      for (int i = 0; i < coefficients[t].length; i++) {
        coefficients[t][i] = (float) random.nextGaussian();
      }
    }
    return coefficients;
  }
}

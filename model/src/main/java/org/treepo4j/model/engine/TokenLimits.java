package org.treepo4j.model.engine;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.TokenTree;

/**
 * What a model can read. Engines check by it what callers hand them; every refusal is an {@link
 * IllegalArgumentException}.
 *
 * @param vocabSize ids from 0 on
 * @param maxPositions tokens of the longest path
 */
public record TokenLimits(int vocabSize, int maxPositions) {

  public static TokenLimits of(ModelConfig config) {
    return new TokenLimits(config.vocabSize(), config.maxPositions());
  }

  /** Refuses trees that a forward pass cannot read, and none at all. */
  public void check(List<TokenTree> trees) {
    if (trees.isEmpty()) {
      throw new IllegalArgumentException("a forward pass needs at least one tree");
    }
    for (int t = 0; t < trees.size(); t++) {
      TokenTree tree = trees.get(t);
      for (int i = 0; i < tree.size(); i++) {
        if (!isToken(tree.tokens()[i])) {
          throw new IllegalArgumentException(
              String.format(
                  "token %d of tree %d is outside the vocabulary of %d: %d",
                  i, t, vocabSize, tree.tokens()[i]));
        }
        if (tree.positions()[i] >= maxPositions) {
          throw new IllegalArgumentException(
              String.format(
                  "token %d of tree %d is beyond the model's %d positions", i, t, maxPositions));
        }
      }
    }
  }

  /** Refuses tokens that cannot stand behind a path, which must be a live one or null. */
  public void check(BranchingDecoder.Prompt prompt) {
    if (prompt.tokens().length == 0) {
      throw new IllegalArgumentException("a prompt must hold at least one token");
    }
    int before = prompt.before() == null ? 0 : prompt.before().length();
    checkLength(before + prompt.tokens().length);
    for (int token : prompt.tokens()) {
      checkToken(token);
    }
  }

  /** Refuses one more token for each of some live paths, of which none may occur twice. */
  public void check(List<? extends BranchingDecoder.Path> paths, int[] tokens) {
    if (paths.size() != tokens.length) {
      throw new IllegalArgumentException(
          paths.size() + " paths need as many tokens, were " + tokens.length);
    }
    Set<BranchingDecoder.Path> seen = new HashSet<>();
    for (int i = 0; i < tokens.length; i++) {
      if (!seen.add(paths.get(i))) {
        throw new IllegalArgumentException("path " + i + " occurs twice in one batch");
      }
      checkToken(tokens[i]);
      checkLength(paths.get(i).length() + 1);
    }
  }

  /** Refuses a length that a path does not have. */
  public static void checkShared(BranchingDecoder.Path path, int length) {
    if (length < 1 || length > path.length()) {
      throw new IllegalArgumentException(
          "length to share must be between 1 and " + path.length() + ", was " + length);
    }
  }

  private boolean isToken(int token) {
    return token >= 0 && token < vocabSize;
  }

  private void checkToken(int token) {
    if (!isToken(token)) {
      throw new IllegalArgumentException(
          "token is outside the vocabulary of " + vocabSize + ": " + token);
    }
  }

  private void checkLength(int length) {
    if (length > maxPositions) {
      throw new IllegalArgumentException(
          "a path of " + length + " tokens is beyond the model's " + maxPositions);
    }
  }
}

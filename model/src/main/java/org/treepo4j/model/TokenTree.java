package org.treepo4j.model;

/**
 * Token ids arranged as a tree: each token knows the token before it on its path. A prompt is the
 * trunk, an independent sample is a tree with one path, a batch is a list of trees.
 *
 * <p>Tokens are stored so that a parent stands before its children; token 0 is the only root. The
 * position of a token is its depth, so siblings share a position. Arrays are not copied: whoever
 * builds a tree hands them over.
 *
 * @param tokens token ids, {@code [size]}
 * @param parents index of the token before, {@code [size]}; −1 for token 0, else smaller than the
 *     own index
 * @param positions distance from the root in tokens, {@code [size]}; 0 for token 0
 * @param experts of a mixture, that each token is to go to, {@code [size × layers × perToken]}, as
 *     {@link BranchingDecoder#experts} and {@link ForwardPass#experts} give them; a token whose
 *     first number is −1 chooses itself. Null where all tokens do, and for dense models
 */
@SuppressWarnings("ArrayRecordComponent") // handed over and read by everyone, compared by nobody
public record TokenTree(int[] tokens, int[] parents, int[] positions, short[] experts) {

  public TokenTree {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a token tree must hold at least one token");
    }
    if (parents.length != tokens.length || positions.length != tokens.length) {
      throw new IllegalArgumentException(
          "tokens, parents and positions must have one length, were "
              + tokens.length
              + ", "
              + parents.length
              + ", "
              + positions.length);
    }
    if (experts != null && (experts.length == 0 || experts.length % tokens.length != 0)) {
      throw new IllegalArgumentException(
          "experts must be as many for each of %d tokens, were %d in all"
              .formatted(tokens.length, experts.length));
    }
    for (int i = 0; i < tokens.length; i++) {
      int parent = parents[i];
      if (i == 0 ? parent != -1 : parent < 0 || parent >= i) {
        throw new IllegalArgumentException("parent of token " + i + " is out of order: " + parent);
      }
      int expected = i == 0 ? 0 : positions[parent] + 1;
      if (positions[i] != expected) {
        throw new IllegalArgumentException(
            "position of token " + i + " must be " + expected + ", was " + positions[i]);
      }
    }
  }

  /** A tree whose tokens choose their experts, should the model have any. */
  public TokenTree(int[] tokens, int[] parents, int[] positions) {
    this(tokens, parents, positions, null);
  }

  /** A tree whose positions follow from its parents. */
  public static TokenTree of(int[] tokens, int[] parents) {
    int[] positions = new int[parents.length];
    for (int i = 1; i < parents.length; i++) {
      positions[i] = parents[i] < 0 || parents[i] >= i ? 0 : positions[parents[i]] + 1;
    }
    return new TokenTree(tokens, parents, positions);
  }

  /** A tree with one path. */
  public static TokenTree chain(int... tokens) {
    int[] parents = new int[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      parents[i] = i - 1;
    }
    return of(tokens.clone(), parents);
  }

  /** The same tokens with other experts, or with null for what the model chooses. */
  public TokenTree withExperts(short[] others) {
    return new TokenTree(tokens, parents, positions, others);
  }

  /** Number of unique tokens. */
  public int size() {
    return tokens.length;
  }

  /** Numbers of {@link #experts} for one token; 0 without any. */
  public int expertsPerToken() {
    return experts == null ? 0 : experts.length / tokens.length;
  }

  /** Indices from the root to {@code token}, both included: {@code [positions[token] + 1]}. */
  public int[] path(int token) {
    int[] path = new int[positions[token] + 1];
    for (int i = token, p = path.length - 1; p >= 0; i = parents[i], p--) {
      path[p] = i;
    }
    return path;
  }
}

package org.treepo4j.model;

import java.util.Arrays;

/**
 * Grows a {@link TokenTree} that has every prefix once: texts that begin alike share the tokens of
 * their beginning. A token of several trees goes to the experts of the first that names any.
 */
public final class TokenTrie {
  private static final int NONE = -1;

  private int size;
  private int[] tokens = new int[16];
  private int[] parents = new int[16];
  private int[] positions = new int[16];

  /** Children of a token as a linked list. */
  private int[] firstChild = new int[16];

  private int[] nextSibling = new int[16];

  /** Experts of tokens, −1 where no tree names any, {@code [tokens × perToken]}. */
  private short[] experts = new short[0];

  /** Numbers of {@link #experts} for one token; 0 as long as no tree has any. */
  private int perToken;

  /** Number of tokens. */
  public int size() {
    return size;
  }

  /**
   * Index of a token behind another.
   *
   * @param parent index of the token before; −1 for the root
   * @return −1 when it is not there
   */
  public int find(int parent, int token) {
    if (parent == NONE) {
      return size > 0 && tokens[0] == token ? 0 : NONE;
    }
    int child = firstChild[parent];
    while (child != NONE && tokens[child] != token) {
      child = nextSibling[child];
    }
    return child;
  }

  /**
   * Index of a token behind another, which is added unless it is there.
   *
   * @param parent index of the token before; −1 for the root
   * @throws IllegalArgumentException for a second root, or a parent that is not there
   */
  public int add(int parent, int token) {
    if (parent < NONE || parent >= size) {
      throw new IllegalArgumentException("parent must be one of " + size + ", was " + parent);
    }
    int found = find(parent, token);
    if (found != NONE) {
      return found;
    }
    if (parent == NONE && size > 0) {
      throw new IllegalArgumentException(
          "the tree begins with token " + tokens[0] + " and cannot begin with " + token);
    }
    reserve();
    tokens[size] = token;
    parents[size] = parent;
    firstChild[size] = NONE;
    nextSibling[size] = NONE;
    if (parent != NONE) {
      positions[size] = positions[parent] + 1;
      nextSibling[size] = firstChild[parent];
      firstChild[parent] = size;
    }
    return size++;
  }

  /**
   * Indices of the tokens of another tree, {@code [size]}; those that are not there are added.
   *
   * @throws IllegalArgumentException for a tree with experts of another model
   */
  public int[] addAll(TokenTree tree) {
    int[] indices = new int[tree.size()];
    for (int i = 0; i < indices.length; i++) {
      indices[i] = add(i == 0 ? NONE : indices[tree.parents()[i]], tree.tokens()[i]);
    }
    if (tree.experts() != null) {
      take(tree, indices);
    }
    return indices;
  }

  private void take(TokenTree tree, int[] indices) {
    int n = tree.expertsPerToken();
    if (perToken != 0 && perToken != n) {
      throw new IllegalArgumentException(
          "a token must have " + perToken + " experts as in other trees, has " + n);
    }
    perToken = n;
    reserveExperts();
    for (int i = 0; i < indices.length; i++) {
      if (experts[indices[i] * n] < 0) {
        System.arraycopy(tree.experts(), i * n, experts, indices[i] * n, n);
      }
    }
  }

  /** How many tokens of another tree are there. */
  public int shared(TokenTree tree) {
    int[] indices = new int[tree.size()];
    int shared = 0;
    for (int i = 0; i < indices.length; i++) {
      int parent = i == 0 ? NONE : indices[tree.parents()[i]];
      indices[i] = i > 0 && parent == NONE ? NONE : find(parent, tree.tokens()[i]);
      shared += indices[i] == NONE ? 0 : 1;
    }
    return shared;
  }

  /**
   * The tree as it is now; tokens keep their indices.
   *
   * @throws IllegalArgumentException when it has no token
   */
  public TokenTree toTree() {
    reserveExperts();
    return new TokenTree(
        Arrays.copyOf(tokens, size),
        Arrays.copyOf(parents, size),
        Arrays.copyOf(positions, size),
        perToken == 0 ? null : Arrays.copyOf(experts, size * perToken));
  }

  private void reserve() {
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * size);
      parents = Arrays.copyOf(parents, 2 * size);
      positions = Arrays.copyOf(positions, 2 * size);
      firstChild = Arrays.copyOf(firstChild, 2 * size);
      nextSibling = Arrays.copyOf(nextSibling, 2 * size);
    }
  }

  private void reserveExperts() {
    int had = experts.length;
    if (had < size * perToken) {
      experts = Arrays.copyOf(experts, Math.max(size * perToken, 2 * had));
      Arrays.fill(experts, had, experts.length, (short) -1);
    }
  }
}

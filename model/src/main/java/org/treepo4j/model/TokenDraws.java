package org.treepo4j.model;

import java.util.Arrays;

/**
 * What a {@link TokenSampler} is to draw: any number of tokens behind each path of a call, each by
 * a rule and a number of its own. The caller's, filled anew for every call, so that nothing is
 * allocated for a token.
 */
public final class TokenDraws {
  private int[] paths = new int[64];
  private double[] uniforms = new double[64];
  private SamplingRule[] rules = new SamplingRule[64];
  private int size;

  /** Takes all draws out. */
  public void clear() {
    Arrays.fill(rules, 0, size, null);
    size = 0;
  }

  /**
   * Adds a draw.
   *
   * @param path place of the path in the call; not less than that of the draw before
   * @param uniform the number that selects the token, in [0, 1)
   * @param rule equal rules are best the same one, or share their allowed ids
   */
  public void add(int path, double uniform, SamplingRule rule) {
    if (path < 0 || size > 0 && path < paths[size - 1]) {
      throw new IllegalArgumentException(
          "path must be at least " + (size == 0 ? 0 : paths[size - 1]) + ", was " + path);
    }
    if (size == paths.length) {
      paths = Arrays.copyOf(paths, 2 * size);
      uniforms = Arrays.copyOf(uniforms, 2 * size);
      rules = Arrays.copyOf(rules, 2 * size);
    }
    paths[size] = path;
    uniforms[size] = uniform;
    rules[size++] = rule;
  }

  public int size() {
    return size;
  }

  /** Place of a draw's path in the call. */
  public int path(int draw) {
    return paths[draw];
  }

  public double uniform(int draw) {
    return uniforms[draw];
  }

  public SamplingRule rule(int draw) {
    return rules[draw];
  }
}

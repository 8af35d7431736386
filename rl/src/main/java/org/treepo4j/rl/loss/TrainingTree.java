package org.treepo4j.rl.loss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.Trajectory;

/**
 * A tree ready to be trained on; never split between mini-batches. Arrays are not copied.
 *
 * @param tokens the unique tokens, prompt first, with the experts they are to go to
 * @param paths index in {@code tokens} of every response token that the policy chose, in order and
 *     at least one, {@code [trajectory][learned token]}
 * @param advantages {@code [trajectory][learned token]}
 * @param oldLogprobs log-probability of every token under the policy that sampled, {@code [unique
 *     token]}; entries of the prompt are not read
 * @param referenceLogprobs the same under the frozen reference policy, or null without one
 * @param behaviourLogprobs the same under the distribution tokens were sampled from, rounding and
 *     truncation included, or null where the loss does not ask for it ({@link RolloutCorrection})
 */
public record TrainingTree(
    TokenTree tokens,
    int[][] paths,
    double[][] advantages,
    float[] oldLogprobs,
    float[] referenceLogprobs,
    float[] behaviourLogprobs) {

  public TrainingTree {
    if (paths.length != advantages.length) {
      throw new IllegalArgumentException(
          "advantages must have " + paths.length + " trajectories, had " + advantages.length);
    }
    for (int i = 0; i < paths.length; i++) {
      if (paths[i].length == 0) {
        throw new IllegalArgumentException(
            "trajectory " + i + " must have a token to learn from, had none");
      }
      if (paths[i].length != advantages[i].length) {
        throw new IllegalArgumentException(
            "advantages of trajectory "
                + i
                + " must have "
                + paths[i].length
                + " values, had "
                + advantages[i].length);
      }
    }
    sameSize("oldLogprobs", oldLogprobs, tokens);
    if (referenceLogprobs != null) {
      sameSize("referenceLogprobs", referenceLogprobs, tokens);
    }
    if (behaviourLogprobs != null) {
      sameSize("behaviourLogprobs", behaviourLogprobs, tokens);
    }
  }

  /** A tree sampled by the old policy itself. */
  public TrainingTree(
      TokenTree tokens,
      int[][] paths,
      double[][] advantages,
      float[] oldLogprobs,
      float[] referenceLogprobs) {
    this(tokens, paths, advantages, oldLogprobs, referenceLogprobs, null);
  }

  /**
   * A sampled tree with its advantages. Tokens that the policy was given stand in the tree and in
   * no path, so that they are neither learned nor counted.
   *
   * @param advantages {@code [trajectory][response token]}
   * @param oldLogprobs by the tokens of {@link RolloutTree#toTokenTree}
   * @param referenceLogprobs likewise, or null
   */
  public static TrainingTree of(
      RolloutTree tree, double[][] advantages, float[] oldLogprobs, float[] referenceLogprobs) {
    int[][] paths = new int[advantages.length][];
    double[][] ofPaths = new double[advantages.length][];
    for (int i = 0; i < paths.length; i++) {
      Trajectory trajectory = tree.trajectories().get(i);
      boolean[] learned = tree.learned(trajectory);
      int[] indices = tree.tokenIndices(trajectory);
      int[] chosen = IntStream.range(0, learned.length).filter(t -> learned[t]).toArray();
      if (advantages[i].length != indices.length) {
        throw new IllegalArgumentException(
            "advantages of trajectory %d must have %d values, had %d"
                .formatted(i, indices.length, advantages[i].length));
      }
      double[] values = advantages[i];
      paths[i] = Arrays.stream(chosen).map(t -> indices[t]).toArray();
      ofPaths[i] = Arrays.stream(chosen).mapToDouble(t -> values[t]).toArray();
    }
    return new TrainingTree(tree.toTokenTree(), paths, ofPaths, oldLogprobs, referenceLogprobs);
  }

  /** The same tree with log-probabilities of another sampling policy. */
  public TrainingTree withOldLogprobs(float[] others) {
    return new TrainingTree(
        tokens, paths, advantages, others, referenceLogprobs, behaviourLogprobs);
  }

  /** The same tree, sampled from a distribution of these log-probabilities. */
  public TrainingTree withBehaviourLogprobs(float[] others) {
    return new TrainingTree(tokens, paths, advantages, oldLogprobs, referenceLogprobs, others);
  }

  public int trajectories() {
    return paths.length;
  }

  /** Learned tokens of all trajectories together. */
  public long responseTokens() {
    return Arrays.stream(paths).mapToLong(path -> path.length).sum();
  }

  /** Tokens an engine computes for this tree, prompt included. */
  public int uniqueTokens() {
    return tokens.size();
  }

  /** Tokens an engine would compute for its trajectories one by one, prompts included. */
  public long flattenedTokens() {
    return Arrays.stream(paths)
        .mapToLong(path -> tokens.positions()[path[path.length - 1]] + 1L)
        .sum();
  }

  /** The trajectories as trees of one path each: the reference that trees are held against. */
  public List<TrainingTree> flattened() {
    List<TrainingTree> chains = new ArrayList<>();
    for (int i = 0; i < paths.length; i++) {
      int[] whole = tokens.path(paths[i][paths[i].length - 1]);
      int[] path = Arrays.stream(paths[i]).map(token -> tokens.positions()[token]).toArray();
      int[] ids = Arrays.stream(whole).map(token -> tokens.tokens()[token]).toArray();
      chains.add(
          new TrainingTree(
              TokenTree.chain(ids).withExperts(experts(whole)),
              new int[][] {path},
              new double[][] {advantages[i]},
              gather(oldLogprobs, whole),
              referenceLogprobs == null ? null : gather(referenceLogprobs, whole),
              behaviourLogprobs == null ? null : gather(behaviourLogprobs, whole)));
    }
    return chains;
  }

  /** Experts of some tokens, or null. */
  private short[] experts(int[] indices) {
    if (tokens.experts() == null) {
      return null;
    }
    int perToken = tokens.expertsPerToken();
    short[] gathered = new short[indices.length * perToken];
    for (int i = 0; i < indices.length; i++) {
      System.arraycopy(tokens.experts(), indices[i] * perToken, gathered, i * perToken, perToken);
    }
    return gathered;
  }

  private static float[] gather(float[] values, int[] indices) {
    float[] gathered = new float[indices.length];
    for (int i = 0; i < indices.length; i++) {
      gathered[i] = values[indices[i]];
    }
    return gathered;
  }

  private static void sameSize(String name, float[] values, TokenTree tokens) {
    if (values.length != tokens.size()) {
      throw new IllegalArgumentException(
          name + " must have " + tokens.size() + " values, had " + values.length);
    }
  }
}

package org.treepo4j.laws;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossResult;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.loss.TreeObjective;
import org.treepo4j.rollout.RolloutTree;

/**
 * A mini-batch of trees with advantages, and the outcome of a forward pass over it.
 *
 * @param trees with log-probabilities of the old, the reference and the behaviour policy
 * @param logprobs of every unique token under the present policy, {@code [trees][size]}
 * @param entropies of the distribution after every unique token, {@code [trees][size]}
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record ScoredTrees(List<TrainingTree> trees, float[][] logprobs, float[][] entropies) {

  public ScoredTrees {
    trees = List.copyOf(trees);
  }

  /** Trees with made-up log-probabilities, near the old ones or far. */
  public static ScoredTrees of(List<RolloutTree> batch, long seed) {
    String estimator = seed % 2 == 0 ? "treepo" : "segment-progress";
    return of(
        batch, seed, AdvantageEstimators.create(estimator, java.util.Map.of()).advantages(batch));
  }

  /** The same with these advantages, {@code [tree][trajectory][response token]}. */
  public static ScoredTrees of(List<RolloutTree> batch, long seed, double[][][] advantages) {
    Random random = new Random(seed);
    double distance = random.nextBoolean() ? 0.3 : 2;
    List<TrainingTree> trees = new ArrayList<>();
    float[][] logprobs = new float[batch.size()][];
    float[][] entropies = new float[batch.size()][];
    for (int i = 0; i < batch.size(); i++) {
      int size = batch.get(i).toTokenTree().size();
      float[] old = new float[size];
      float[] reference = new float[size];
      float[] behaviour = new float[size];
      logprobs[i] = new float[size];
      entropies[i] = new float[size];
      for (int token = 0; token < size; token++) {
        old[token] = (float) (-4 * random.nextDouble());
        logprobs[i][token] = (float) (old[token] + distance * random.nextGaussian());
        behaviour[token] = (float) (old[token] + 0.7 * random.nextGaussian());
        reference[token] = (float) (old[token] + random.nextGaussian());
        entropies[i][token] = (float) (3 * random.nextDouble());
      }
      trees.add(
          TrainingTree.of(batch.get(i), advantages[i], old, reference)
              .withBehaviourLogprobs(behaviour));
    }
    return new ScoredTrees(trees, logprobs, entropies);
  }

  /** What the losses of this mini-batch are divided by. */
  public LossNormalizer normalizer() {
    return LossNormalizer.of(trees);
  }

  /** The loss of settings on it. */
  public LossResult evaluate(LossSettings settings) {
    return new TreeObjective(settings, normalizer()).evaluate(trees, logprobs, entropies);
  }

  /** The same before any update: the old policy and the sampler are the present one. */
  public ScoredTrees onPolicy() {
    List<TrainingTree> sampled =
        trees.stream().map(tree -> tree.withBehaviourLogprobs(tree.oldLogprobs())).toList();
    float[][] old = trees.stream().map(TrainingTree::oldLogprobs).toArray(float[][]::new);
    return new ScoredTrees(sampled, old, entropies);
  }

  /** The same with every advantage replaced by {@code value}, in one tree or in all. */
  public ScoredTrees withAdvantages(Advantage value) {
    List<TrainingTree> changed = new ArrayList<>();
    for (int i = 0; i < trees.size(); i++) {
      TrainingTree tree = trees.get(i);
      double[][] advantages = new double[tree.trajectories()][];
      for (int j = 0; j < advantages.length; j++) {
        advantages[j] = new double[tree.paths()[j].length];
        for (int t = 0; t < advantages[j].length; t++) {
          advantages[j][t] = value.of(i, j, t);
        }
      }
      changed.add(
          new TrainingTree(
              tree.tokens(),
              tree.paths(),
              advantages,
              tree.oldLogprobs(),
              tree.referenceLogprobs(),
              tree.behaviourLogprobs()));
    }
    return new ScoredTrees(changed, logprobs, entropies);
  }

  /** An advantage by tree, trajectory and response token. */
  @FunctionalInterface
  public interface Advantage {
    double of(int tree, int trajectory, int token);
  }

  /** One of its trees, as a micro-batch. */
  public ScoredTrees only(int tree) {
    return new ScoredTrees(
        List.of(trees.get(tree)), new float[][] {logprobs[tree]}, new float[][] {entropies[tree]});
  }

  /** Every tree of it twice. */
  public ScoredTrees twice() {
    List<TrainingTree> all = new ArrayList<>(trees);
    all.addAll(trees);
    return new ScoredTrees(all, repeated(logprobs), repeated(entropies));
  }

  /** The same trajectories as trees of one path each. */
  public ScoredTrees flattened() {
    List<TrainingTree> chains = new ArrayList<>();
    List<float[]> chainLogprobs = new ArrayList<>();
    List<float[]> chainEntropies = new ArrayList<>();
    for (int tree = 0; tree < trees.size(); tree++) {
      chains.addAll(trees.get(tree).flattened());
      for (int[] path : wholePaths(trees.get(tree))) {
        chainLogprobs.add(gather(logprobs[tree], path));
        chainEntropies.add(gather(entropies[tree], path));
      }
    }
    return new ScoredTrees(
        chains, chainLogprobs.toArray(float[][]::new), chainEntropies.toArray(float[][]::new));
  }

  /** Indices of every trajectory, prompt included. */
  public static List<int[]> wholePaths(TrainingTree tree) {
    return IntStream.range(0, tree.trajectories())
        .mapToObj(i -> tree.tokens().path(tree.paths()[i][tree.paths()[i].length - 1]))
        .toList();
  }

  /** Values of chains added up at the tokens of the trees they are the paths of. */
  public double[][] gathered(float[][] ofChains) {
    double[][] sums = new double[trees.size()][];
    int chain = 0;
    for (int tree = 0; tree < sums.length; tree++) {
      sums[tree] = new double[trees.get(tree).uniqueTokens()];
      for (int[] path : wholePaths(trees.get(tree))) {
        for (int t = 0; t < path.length; t++) {
          sums[tree][path[t]] += ofChains[chain][t];
        }
        chain++;
      }
    }
    return sums;
  }

  String describe() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < trees.size(); i++) {
      TrainingTree tree = trees.get(i);
      text.append(i == 0 ? "" : "; ")
          .append("tokens ")
          .append(Arrays.toString(tree.tokens().tokens()))
          .append(" behind ")
          .append(Arrays.toString(tree.tokens().parents()))
          .append(", paths ")
          .append(Arrays.deepToString(tree.paths()))
          .append(", advantages ")
          .append(Arrays.deepToString(tree.advantages()))
          .append(", old ")
          .append(Arrays.toString(tree.oldLogprobs()))
          .append(", now ")
          .append(Arrays.toString(logprobs[i]));
    }
    return text.toString();
  }

  private static float[][] repeated(float[][] values) {
    float[][] all = Arrays.copyOf(values, 2 * values.length);
    System.arraycopy(values, 0, all, values.length, values.length);
    return all;
  }

  private static float[] gather(float[] values, int[] indices) {
    float[] gathered = new float[indices.length];
    for (int i = 0; i < indices.length; i++) {
      gathered[i] = values[indices[i]];
    }
    return gathered;
  }
}

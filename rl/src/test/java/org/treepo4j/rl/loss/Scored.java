package org.treepo4j.rl.loss;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.treepo4j.rl.advantage.RandomTrees;
import org.treepo4j.rl.advantage.SegmentProgressEstimator;
import org.treepo4j.rl.advantage.TreePoEstimator;
import org.treepo4j.rollout.RolloutTree;

/** A mini-batch with the outcome of a forward pass. */
record Scored(List<TrainingTree> trees, float[][] logprobs, float[][] entropies) {

  LossNormalizer normalizer() {
    return LossNormalizer.of(trees);
  }

  LossResult evaluate(LossSettings settings) {
    return new TreeObjective(settings, normalizer()).evaluate(trees, logprobs, entropies);
  }

  /** The same before any update: the old policy is the present one. */
  Scored onPolicy() {
    float[][] old = trees.stream().map(TrainingTree::oldLogprobs).toArray(float[][]::new);
    return new Scored(trees, old, entropies);
  }

  /** The same trajectories as trees of one path each. */
  Scored flattened() {
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
    return new Scored(
        chains, chainLogprobs.toArray(float[][]::new), chainEntropies.toArray(float[][]::new));
  }

  static Arbitrary<Scored> any() {
    return Combinators.combine(RandomTrees.batches(), Arbitraries.longs()).as(Scored::of);
  }

  /** Trees with made-up log-probabilities, near the old ones or far. */
  static Scored of(List<RolloutTree> batch, long seed) {
    return of(
        batch,
        seed,
        seed % 2 == 0
            ? new TreePoEstimator(TreePoEstimator.Weighting.AVERAGE, false).advantages(batch)
            : new SegmentProgressEstimator(0).advantages(batch));
  }

  static Scored of(List<RolloutTree> batch, long seed, double[][][] advantages) {
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
    return new Scored(trees, logprobs, entropies);
  }

  /** Indices of every trajectory, prompt included. */
  static List<int[]> wholePaths(TrainingTree tree) {
    return IntStream.range(0, tree.trajectories())
        .mapToObj(i -> tree.tokens().path(tree.paths()[i][tree.paths()[i].length - 1]))
        .toList();
  }

  private static float[] gather(float[] values, int[] indices) {
    float[] gathered = new float[indices.length];
    for (int i = 0; i < indices.length; i++) {
      gathered[i] = values[indices[i]];
    }
    return gathered;
  }
}

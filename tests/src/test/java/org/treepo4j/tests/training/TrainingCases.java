package org.treepo4j.tests.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * Small models and trees of any shape with rewards, from a seed. Their tokens are few, so that
 * siblings and prompts often begin alike or are the same.
 */
final class TrainingCases {
  static final ModelConfig CONFIG =
      new ModelConfig(
          Architecture.QWEN2,
          31,
          24,
          2,
          4,
          2,
          6,
          32,
          64,
          1e-6,
          10_000,
          RopeScaling.NONE,
          true,
          false,
          false,
          true,
          1,
          List.of(2));

  private TrainingCases() {}

  /** Weights large enough that every tensor matters. */
  static Weights weights(long seed) {
    Random random = new Random(seed);
    List<Parameter> parameters = new ArrayList<>();
    TensorNames.shapes(CONFIG)
        .forEach(
            (name, shape) -> {
              int size = 1;
              for (int dimension : shape) {
                size *= dimension;
              }
              float[] values = new float[size];
              double centre = name.endsWith("norm.weight") ? 1 : 0;
              double deviation = shape.length == 2 ? 1 / Math.sqrt(shape[1]) : 0.2;
              for (int i = 0; i < size; i++) {
                values[i] = (float) (centre + deviation * random.nextGaussian());
              }
              parameters.add(new Parameter(name, shape, values, true));
            });
    return new Weights(CONFIG, parameters);
  }

  static List<RolloutTree> batch(int trees, Random random) {
    int[] beginning = tokens(random.nextInt(8), random);
    List<RolloutTree> batch = new ArrayList<>();
    for (int i = 0; i < trees; i++) {
      batch.add(tree("p" + i, beginning, random));
    }
    return batch;
  }

  private static RolloutTree tree(String id, int[] beginning, Random random) {
    int size = 2 + random.nextInt(7);
    List<SegmentNode> nodes = new ArrayList<>();
    Set<Integer> leaves = new HashSet<>();
    for (int node = 1; node <= size; node++) {
      int parent = Math.max(0, node - 1 - random.nextInt(3));
      int[] tokens = tokens(1 + random.nextInt(3), random);
      double[] none = new double[tokens.length];
      nodes.add(new SegmentNode(node, parent, tokens, none, none, none));
      leaves.remove(parent);
      leaves.add(node);
    }
    List<Trajectory> trajectories = new ArrayList<>();
    for (int leaf : leaves) {
      trajectories.add(new Trajectory(leaf, FinishReason.EOS, random.nextInt(2)));
    }
    int[] rest = tokens(1 + random.nextInt(3), random);
    int[] prompt = IntStream.concat(Arrays.stream(beginning), Arrays.stream(rest)).toArray();
    return new RolloutTree(id, prompt, nodes, trajectories);
  }

  private static int[] tokens(int length, Random random) {
    return random.ints(length, 0, 3).map(token -> token * (CONFIG.vocabSize() / 3)).toArray();
  }
}

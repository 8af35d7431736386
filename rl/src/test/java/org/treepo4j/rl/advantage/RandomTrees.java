package org.treepo4j.rl.advantage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * Trees of any shape: chains of single children, paths of different depth, trajectories that end at
 * inner nodes of others or at one node, nodes no trajectory passes, prompts with one trajectory,
 * siblings that begin alike or are the same.
 */
public final class RandomTrees {
  private static final int VOCABULARY = 4;

  private RandomTrees() {}

  /** Batches of one to four trees. */
  public static Arbitrary<List<RolloutTree>> batches() {
    return Arbitraries.longs().withoutEdgeCases().map(RandomTrees::batch);
  }

  static List<RolloutTree> batch(long seed) {
    Random random = new Random(seed);
    boolean outcomeRewards = random.nextBoolean();
    List<RolloutTree> trees = new ArrayList<>();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      trees.add(tree("p" + i, random, outcomeRewards));
    }
    return trees;
  }

  private static RolloutTree tree(String id, Random random, boolean outcomeRewards) {
    int size = 1 + random.nextInt(14);
    List<SegmentNode> nodes = new ArrayList<>();
    Set<Integer> parents = new HashSet<>();
    for (int node = 1; node <= size; node++) {
      int parent = Math.max(0, node - 1 - random.nextInt(4));
      parents.add(parent);
      nodes.add(segment(node, parent, random));
    }
    List<Integer> leaves = new ArrayList<>();
    for (int node = 1; node <= size; node++) {
      boolean leaf = !parents.contains(node);
      if (random.nextDouble() < (leaf ? 0.9 : 0.1)) {
        leaves.add(node);
      }
    }
    if (!leaves.isEmpty() && random.nextInt(10) == 0) {
      leaves.add(leaves.get(0));
    }
    if (leaves.isEmpty()) {
      leaves.add(size);
    }
    Collections.shuffle(leaves, random);
    List<Trajectory> trajectories = new ArrayList<>();
    for (int leaf : leaves) {
      double reward = outcomeRewards ? random.nextInt(2) : random.nextGaussian();
      trajectories.add(new Trajectory(leaf, FinishReason.ANSWERED, reward));
    }
    return new RolloutTree(id, tokens(1 + random.nextInt(3), random), nodes, trajectories);
  }

  private static SegmentNode segment(int id, int parent, Random random) {
    int length = 1 + random.nextInt(4);
    double[] logprobs = new double[length];
    Arrays.setAll(logprobs, i -> -3 * random.nextDouble());
    return new SegmentNode(
        id, parent, tokens(length, random), logprobs, logprobs.clone(), new double[length]);
  }

  private static int[] tokens(int length, Random random) {
    return random.ints(length, 0, VOCABULARY).toArray();
  }
}

package org.treepo4j.rl.advantage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageBreakdown.GroupComparison;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * One tree seen from its trajectories. Trajectories that share their first {@code j} segments are
 * those that pass the same node at depth {@code j}, so every node stands for one sub-group; the
 * prompt (node 0) stands for the whole group. Nodes that no trajectory passes do not exist here.
 */
public final class TrajectoryGroups {

  /**
   * The trajectories through one node.
   *
   * @param size how many
   * @param mean of their rewards
   * @param sameRewards whether their rewards are all equal, that is of zero variance
   */
  public record Group(int size, double mean, boolean sameRewards) {}

  private static final int PROMPT = 0;

  private final double[] rewards;
  private final List<List<SegmentNode>> segments = new ArrayList<>();
  private final Map<Integer, Group> groups = new HashMap<>();
  private final Map<Integer, List<Integer>> children = new LinkedHashMap<>();

  /** Trajectories a trajectory cannot be told from below any sub-group, itself included. */
  private final int[] copies;

  /**
   * @throws IllegalArgumentException when a trajectory has no finite reward
   */
  public TrajectoryGroups(RolloutTree tree) {
    int count = tree.trajectories().size();
    rewards = new double[count];
    Map<Integer, List<Double>> rewardsOf = new HashMap<>();
    for (int i = 0; i < count; i++) {
      Trajectory trajectory = tree.trajectories().get(i);
      rewards[i] = trajectory.reward();
      if (!Double.isFinite(rewards[i])) {
        throw new IllegalArgumentException(
            "reward of trajectory "
                + i
                + " of prompt "
                + tree.promptId()
                + " must be a finite number, was "
                + rewards[i]);
      }
      List<SegmentNode> path = tree.segments(trajectory);
      segments.add(path);
      rewardsOf.computeIfAbsent(PROMPT, id -> new ArrayList<>()).add(rewards[i]);
      for (SegmentNode node : path) {
        boolean first = !rewardsOf.containsKey(node.id());
        rewardsOf.computeIfAbsent(node.id(), id -> new ArrayList<>()).add(rewards[i]);
        if (first) {
          children.computeIfAbsent(node.parent(), id -> new ArrayList<>()).add(node.id());
        }
      }
    }
    rewardsOf.forEach((node, rewardsThrough) -> groups.put(node, group(rewardsThrough)));
    copies = new int[count];
    Arrays.fill(copies, 1);
  }

  /**
   * A tree whose sub-groups share tokens instead of nodes: the sub-group of a node holds all
   * trajectories whose responses begin with the tokens from the prompt to the node's end.
   *
   * @throws IllegalArgumentException when a trajectory has no finite reward
   */
  static TrajectoryGroups byPrefix(RolloutTree tree) {
    TrajectoryGroups result = new TrajectoryGroups(tree);
    Map<Integer, List<Double>> rewardsBehind = new HashMap<>(); // by index in the token tree
    Map<Integer, Integer> endings = new HashMap<>();
    int[] ends = new int[result.trajectories()];
    for (int i = 0; i < ends.length; i++) {
      for (int token : tree.tokenIndices(tree.trajectories().get(i))) {
        rewardsBehind.computeIfAbsent(token, index -> new ArrayList<>()).add(result.rewards[i]);
        ends[i] = token;
      }
      endings.merge(ends[i], 1, Integer::sum);
    }
    for (int i = 0; i < ends.length; i++) {
      for (SegmentNode node : result.segments(i)) {
        int[] tokens = tree.tokenIndices(node);
        result.groups.put(node.id(), group(rewardsBehind.get(tokens[tokens.length - 1])));
      }
      result.copies[i] = endings.get(ends[i]);
    }
    return result;
  }

  /** Each tree of a batch. */
  public static List<TrajectoryGroups> of(List<RolloutTree> batch) {
    return batch.stream().map(TrajectoryGroups::new).toList();
  }

  private static Group group(List<Double> rewards) {
    double sum = 0;
    boolean same = true;
    for (double reward : rewards) {
      sum += reward;
      same &= reward == rewards.get(0);
    }
    return new Group(rewards.size(), sum / rewards.size(), same);
  }

  /** Number of trajectories. */
  public int trajectories() {
    return rewards.length;
  }

  /** Of one trajectory. */
  public double reward(int trajectory) {
    return rewards[trajectory];
  }

  /** By trajectory. */
  public double[] rewards() {
    return rewards.clone();
  }

  /** Segments from the first below the prompt to the leaf. */
  public List<SegmentNode> segments(int trajectory) {
    return segments.get(trajectory);
  }

  /** Depth of the deepest leaf, 0 without trajectories. */
  public int depth() {
    return segments.stream().mapToInt(List::size).max().orElse(0);
  }

  /** Number of segments of a trajectory. */
  public int depth(int trajectory) {
    return segments.get(trajectory).size();
  }

  /** The sub-group of a trajectory at a depth of {@code 0..depth(trajectory)}. */
  public Group group(int trajectory, int depth) {
    return groups.get(node(trajectory, depth));
  }

  /** Whether a sub-group holds anything to compare a trajectory with. */
  boolean comparable(int trajectory, int depth) {
    return group(trajectory, depth).size() > copies[trajectory];
  }

  /** The node a trajectory passes at a depth; 0 is the prompt. */
  public int node(int trajectory, int depth) {
    return depth == 0 ? PROMPT : segments.get(trajectory).get(depth - 1).id();
  }

  /** Children of a node that trajectories pass; the prompt is node 0. */
  public List<Integer> children(int node) {
    return children.getOrDefault(node, List.of());
  }

  /** The whole prompt group; one trajectory alone is compared with 0, as in the recipe. */
  GroupComparison promptComparison(int trajectory) {
    Group group = groups.get(PROMPT);
    double mean = group.size() == 1 ? 0 : group.mean();
    return new GroupComparison(0, PROMPT, group.size(), mean, rewards[trajectory] - mean, true);
  }

  /** A trajectory against its sub-group, this one included. */
  GroupComparison comparison(int trajectory, int depth, boolean kept) {
    Group group = group(trajectory, depth);
    return new GroupComparison(
        depth,
        node(trajectory, depth),
        group.size(),
        group.mean(),
        rewards[trajectory] - group.mean(),
        kept);
  }

  /** The breakdown of a trajectory all of whose tokens have one advantage. */
  AdvantageBreakdown uniform(int trajectory, List<GroupComparison> comparisons, double advantage) {
    List<SegmentAdvantage> shares =
        IntStream.rangeClosed(1, depth(trajectory))
            .mapToObj(
                depth -> segment(trajectory, depth, group(trajectory, depth).mean(), advantage))
            .toList();
    return breakdown(trajectory, comparisons, shares);
  }

  /** A breakdown before whitening; tokens that the policy was given have no advantage. */
  AdvantageBreakdown breakdown(
      int trajectory, List<GroupComparison> comparisons, List<SegmentAdvantage> shares) {
    return new AdvantageBreakdown(
        rewards[trajectory], comparisons, shares, Whitening.NONE, given(trajectory));
  }

  /** Response tokens of a trajectory, by number, that the policy did not choose. */
  BitSet given(int trajectory) {
    BitSet given = new BitSet();
    int token = 0;
    for (SegmentNode node : segments.get(trajectory)) {
      for (boolean learned : node.learned()) {
        given.set(token++, !learned);
      }
    }
    return given;
  }

  SegmentAdvantage segment(int trajectory, int depth, double value, double advantage) {
    SegmentNode node = segments.get(trajectory).get(depth - 1);
    return new SegmentAdvantage(
        depth, node.id(), node.tokens().length, node.learnedTokens(), value, advantage);
  }
}

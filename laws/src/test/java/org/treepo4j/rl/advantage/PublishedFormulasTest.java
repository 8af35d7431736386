package org.treepo4j.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.laws.Samples;
import org.treepo4j.rl.advantage.TreePoEstimator.Subgroups;
import org.treepo4j.rl.advantage.TreePoEstimator.Weighting;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * Estimators of published methods against their formulas, worked out by plain loops over the
 * trajectories.
 */
class PublishedFormulasTest {

  /** A tree as lists: {@code nodes[i]} are the ids on the path of trajectory {@code i}. */
  private record Paths(int[][] nodes, double[] rewards, int[][] responses) {

    static Paths of(RolloutTree tree) {
      List<Trajectory> all = tree.trajectories();
      return new Paths(
          all.stream().map(tree::nodeIds).toArray(int[][]::new),
          all.stream().mapToDouble(Trajectory::reward).toArray(),
          all.stream().map(tree::response).toArray(int[][]::new));
    }

    int count() {
      return rewards.length;
    }

    boolean passes(int trajectory, int node) {
      return node == 0 || Arrays.stream(nodes[trajectory]).anyMatch(id -> id == node);
    }

    double[] rewardsWhere(IntPredicate trajectory) {
      return IntStream.range(0, count()).filter(trajectory).mapToDouble(i -> rewards[i]).toArray();
    }

    /** Ids of the children of a node that trajectories pass. */
    int[] children(int parent) {
      return IntStream.range(0, count())
          .flatMap(
              i ->
                  IntStream.range(0, nodes[i].length)
                      .filter(d -> (d == 0 ? 0 : nodes[i][d - 1]) == parent)
                      .map(d -> nodes[i][d]))
          .distinct()
          .toArray();
    }

    /** SPO: mean over the children, down to the rewards of the leaves. */
    double value(int node) {
      int[] children = children(node);
      return children.length > 0
          ? Arrays.stream(children).mapToDouble(this::value).average().orElseThrow()
          : mean(rewardsWhere(i -> nodes[i][nodes[i].length - 1] == node));
    }
  }

  @Provide
  Arbitrary<List<RolloutTree>> batches() {
    return Samples.batches();
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void treeGrpoAddsTheStandardisedRewardsOfTheSubTreeAndOfThePrompt(
      @ForAll("batches") List<RolloutTree> batch) {
    double[][][] advantages = new TreeGrpoEstimator().advantages(batch);
    for (int tree = 0; tree < batch.size(); tree++) {
      Paths paths = Paths.of(batch.get(tree));
      for (int i = 0; i < paths.count(); i++) {
        int first = paths.nodes()[i][0];
        double[] own = paths.rewardsWhere(other -> paths.nodes()[other][0] == first);
        double expected =
            paths.count() == 1
                ? paths.rewards()[i] / (1 + 1e-6)
                : (paths.rewards()[i] - mean(paths.rewards())) / (std(paths.rewards()) + 1e-6);
        expected += own.length == 1 ? 0 : (paths.rewards()[i] - mean(own)) / (std(own) + 1e-6);
        assertThat(advantages[tree][i]).containsOnly(new double[] {expected}, within(1e-6));
      }
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void treeRlAddsGlobalAndLocalAdvantageOverTheRootOfTheLeaves(
      @ForAll("batches") List<RolloutTree> batch) {
    double[][][] advantages = new TreeRlEstimator().advantages(batch);
    for (int tree = 0; tree < batch.size(); tree++) {
      Paths paths = Paths.of(batch.get(tree));
      for (int i = 0; i < paths.count(); i++) {
        double[] expected = new double[paths.nodes()[i].length];
        double parent = mean(paths.rewards());
        for (int d = 0; d < expected.length; d++) {
          int node = paths.nodes()[i][d];
          double[] leaves = paths.rewardsWhere(other -> paths.passes(other, node));
          double value = mean(leaves);
          expected[d] =
              ((value - mean(paths.rewards())) + (value - parent)) / Math.sqrt(leaves.length);
          parent = value;
        }
        assertSegments(batch.get(tree), i, advantages[tree][i], expected);
      }
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void spoIsTheDifferenceOfPlainValues(@ForAll("batches") List<RolloutTree> batch) {
    double[][][] plain = new SpoEstimator(false, 1).advantages(batch);
    double[][][] deviated = new SpoEstimator(true, 1).advantages(batch);
    for (int tree = 0; tree < batch.size(); tree++) {
      Paths paths = Paths.of(batch.get(tree));
      for (int i = 0; i < paths.count(); i++) {
        double[] difference = new double[paths.nodes()[i].length];
        double[] overDeviation = new double[difference.length];
        for (int d = 0; d < difference.length; d++) {
          int parent = d == 0 ? 0 : paths.nodes()[i][d - 1];
          difference[d] = paths.value(paths.nodes()[i][d]) - paths.value(parent);
          double[] siblings =
              Arrays.stream(paths.children(parent)).mapToDouble(paths::value).toArray();
          double deviation =
              Math.sqrt(Arrays.stream(siblings).map(v -> sq(v - mean(siblings))).sum())
                  / Math.sqrt(siblings.length);
          overDeviation[d] = deviation < 1e-8 ? 0 : difference[d] / deviation;
        }
        assertSegments(batch.get(tree), i, plain[tree][i], difference);
        assertSegments(batch.get(tree), i, deviated[tree][i], overDeviation);
      }
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void spoMasksTokensThatThePolicyWasSureOf(@ForAll("batches") List<RolloutTree> batch) {
    double threshold = 0.3;
    double[][][] all = new SpoEstimator(false, 1).advantages(batch);
    double[][][] masked = new SpoEstimator(false, threshold).advantages(batch);
    for (int tree = 0; tree < batch.size(); tree++) {
      RolloutTree rollout = batch.get(tree);
      for (int i = 0; i < all[tree].length; i++) {
        double[] logprobs =
            rollout.segments(rollout.trajectories().get(i)).stream()
                .flatMapToDouble(node -> Arrays.stream(node.modelLogprobs()))
                .toArray();
        for (int t = 0; t < logprobs.length; t++) {
          boolean unsure = Math.exp(logprobs[t]) < threshold;
          assertThat(masked[tree][i][t]).isEqualTo(unsure ? all[tree][i][t] : 0);
        }
      }
    }
  }

  @Example
  void spoNeedsProbabilitiesForItsMask() {
    double[] none = {Double.NaN};
    RolloutTree tree =
        new RolloutTree(
            "q",
            new int[] {1},
            List.of(new SegmentNode(7, 0, new int[] {2}, none, none, none)),
            List.of(new Trajectory(7, FinishReason.EOS, 1)));
    assertThatThrownBy(() -> new SpoEstimator(false, 0.9).advantages(List.of(tree)))
        .hasMessage(
            "modelLogprobs of node 7 of prompt q must be there for a probability mask below 1");
    assertThat(new SpoEstimator(false, 1).advantages(List.of(tree))[0][0]).containsExactly(0);
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void treePoByPrefixesComparesWithAllThatBeganWithTheSameTokens(
      @ForAll("batches") List<RolloutTree> batch,
      @ForAll Weighting weighting,
      @ForAll boolean rejection) {
    int deepest =
        batch.stream()
            .flatMapToInt(tree -> tree.trajectories().stream().mapToInt(tree::depth))
            .max()
            .orElseThrow();
    double[][][] raw =
        batch.stream()
            .map(tree -> byPrefixes(tree, deepest - 1, weighting, rejection))
            .toArray(double[][][]::new);
    double[][][] expected = Whitening.whiten(raw);
    double[][][] actual =
        new TreePoEstimator(weighting, rejection, Subgroups.PREFIXES).advantages(batch);
    for (int tree = 0; tree < expected.length; tree++) {
      for (int i = 0; i < expected[tree].length; i++) {
        assertThat(actual[tree][i]).containsExactly(expected[tree][i], within(1e-6));
      }
    }
  }

  private static double[][] byPrefixes(
      RolloutTree tree, int last, Weighting weighting, boolean rejection) {
    Paths paths = Paths.of(tree);
    double[][] advantages = new double[paths.count()][];
    for (int i = 0; i < advantages.length; i++) {
      double reward = paths.rewards()[i];
      double sum = paths.count() == 1 ? reward : reward - mean(paths.rewards());
      double weights = weighting == Weighting.GROUP_SIZE ? paths.count() : 1;
      sum *= weights;
      int length = 0;
      for (int j = 1; j <= Math.min(last, paths.nodes()[i].length); j++) {
        length += tree.nodesById().get(paths.nodes()[i][j - 1]).tokens().length;
        int[] beginning = Arrays.copyOf(paths.responses()[i], length);
        int[] own = paths.responses()[i];
        List<Integer> group = new ArrayList<>();
        for (int other = 0; other < paths.count(); other++) {
          int[] response = paths.responses()[other];
          if (response.length >= length
              && Arrays.equals(Arrays.copyOf(response, length), beginning)) {
            group.add(other);
          }
        }
        boolean differ =
            group.stream().anyMatch(other -> !Arrays.equals(paths.responses()[other], own));
        double[] rewards = group.stream().mapToDouble(other -> paths.rewards()[other]).toArray();
        boolean same = Arrays.stream(rewards).distinct().count() == 1;
        if (differ && !(rejection && same)) {
          double weight = weighting == Weighting.GROUP_SIZE ? rewards.length : 1;
          sum += weight * (reward - mean(rewards));
          weights += weight;
        }
      }
      advantages[i] = new double[paths.responses()[i].length];
      Arrays.fill(advantages[i], sum / weights);
    }
    return advantages;
  }

  /** Siblings 1 and 2 sampled the same text; what follows differs in reward. */
  @Example
  void siblingsOfTheSameTextAreOneSubgroupByPrefixes() {
    double[] none = new double[1];
    List<SegmentNode> nodes = new ArrayList<>();
    int[][] shape = {{1, 0, 5}, {2, 0, 5}, {3, 0, 6}, {4, 1, 7}, {5, 2, 8}, {6, 3, 7}};
    for (int[] node : shape) {
      nodes.add(new SegmentNode(node[0], node[1], new int[] {node[2]}, none, none, none));
    }
    RolloutTree tree =
        new RolloutTree(
            "q",
            new int[] {1},
            nodes,
            List.of(
                new Trajectory(4, FinishReason.EOS, 1),
                new Trajectory(5, FinishReason.EOS, 0),
                new Trajectory(6, FinishReason.EOS, 0)));
    assertThat(raw(tree, Subgroups.NODES))
        .containsExactly(new double[] {2 / 3.0, -1 / 3.0, -1 / 3.0}, within(1e-9));
    assertThat(raw(tree, Subgroups.PREFIXES))
        .containsExactly(
            new double[] {(2 / 3.0 + 0.5) / 2, (-1 / 3.0 - 0.5) / 2, -1 / 3.0}, within(1e-9));
  }

  private static double[] raw(RolloutTree tree, Subgroups subgroups) {
    return new TreePoEstimator(Weighting.AVERAGE, false, subgroups)
        .explain(List.of(tree)).get(0).stream()
            .mapToDouble(one -> one.segments().get(0).raw())
            .toArray();
  }

  private static void assertSegments(
      RolloutTree tree, int trajectory, double[] tokens, double[] expected) {
    int at = 0;
    List<SegmentNode> segments = tree.segments(tree.trajectories().get(trajectory));
    for (int d = 0; d < expected.length; d++) {
      for (int t = 0; t < segments.get(d).tokens().length; t++) {
        assertThat(tokens[at++]).isCloseTo(expected[d], within(1e-6));
      }
    }
    assertThat(at).isEqualTo(tokens.length);
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).sum() / values.length;
  }

  /** Unbiased. */
  private static double std(double[] values) {
    double mean = mean(values);
    return Math.sqrt(Arrays.stream(values).map(v -> sq(v - mean)).sum() / (values.length - 1));
  }

  private static double sq(double value) {
    return value * value;
  }
}

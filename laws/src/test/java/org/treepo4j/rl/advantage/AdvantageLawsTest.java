package org.treepo4j.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import org.treepo4j.laws.Samples;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;
import org.treepo4j.rl.advantage.TreePoEstimator.Weighting;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/** Laws of single estimators; {@code EstimatorLaws} has those of all. */
class AdvantageLawsTest {
  @Provide
  Arbitrary<List<RolloutTree>> batches() {
    return Samples.batches();
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void everySubgroupOfTreePoSumsToZeroAtItsDepth(@ForAll("batches") List<RolloutTree> batch) {
    for (List<AdvantageBreakdown> tree :
        new TreePoEstimator(Weighting.AVERAGE, false).explain(batch)) {
      tree.stream()
          .flatMap(one -> one.comparisons().stream())
          .filter(comparison -> comparison.size() > 1)
          .collect(
              Collectors.groupingBy(
                  AdvantageBreakdown.GroupComparison::node,
                  Collectors.summingDouble(AdvantageBreakdown.GroupComparison::difference)))
          .values()
          .forEach(sum -> assertThat(sum).isCloseTo(0, within(1e-9)));
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void siblingsOfSpoSumToZeroInEveryForm(@ForAll("batches") List<RolloutTree> batch) {
    for (boolean deviation : new boolean[] {false, true}) {
      List<List<AdvantageBreakdown>> explained = new SpoEstimator(deviation, 1).explain(batch);
      for (int tree = 0; tree < batch.size(); tree++) {
        TrajectoryGroups groups = new TrajectoryGroups(batch.get(tree));
        Map<Integer, Double> advantages = advantagesByNode(explained.get(tree));
        parents(advantages)
            .forEach(
                parent ->
                    assertThat(groups.children(parent).stream().mapToDouble(advantages::get).sum())
                        .isCloseTo(0, within(1e-6)));
      }
    }
  }

  /** Over siblings, each counted by its leaves: local advantages cancel, global ones add up. */
  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void siblingsOfTreeRlSumToTheGlobalAdvantageOfTheirParent(
      @ForAll("batches") List<RolloutTree> batch) {
    List<List<AdvantageBreakdown>> explained = new TreeRlEstimator().explain(batch);
    for (int tree = 0; tree < batch.size(); tree++) {
      TrajectoryGroups groups = new TrajectoryGroups(batch.get(tree));
      Map<Integer, Double> advantages = advantagesByNode(explained.get(tree));
      double prompt = Arrays.stream(groups.rewards()).average().orElseThrow();
      Map<Integer, TrajectoryGroups.Group> through = new HashMap<>();
      Set<Integer> endings = new HashSet<>();
      for (int i = 0; i < groups.trajectories(); i++) {
        for (int depth = 0; depth <= groups.depth(i); depth++) {
          through.put(groups.node(i, depth), groups.group(i, depth));
        }
        endings.add(groups.node(i, groups.depth(i)));
      }
      for (int parent : parents(advantages)) {
        if (!endings.contains(parent)) {
          double sum =
              groups.children(parent).stream()
                  .mapToDouble(
                      node -> advantages.get(node) * Math.pow(through.get(node).size(), 1.5))
                  .sum();
          double expected = through.get(parent).size() * (through.get(parent).mean() - prompt);
          assertThat(sum).isCloseTo(expected, within(1e-6));
        }
      }
    }
  }

  private static Map<Integer, Double> advantagesByNode(List<AdvantageBreakdown> tree) {
    Map<Integer, Double> advantages = new HashMap<>();
    tree.stream()
        .flatMap(one -> one.segments().stream())
        .forEach(segment -> advantages.put(segment.node(), segment.raw()));
    return advantages;
  }

  /** The nodes and the prompt. */
  private static List<Integer> parents(Map<Integer, Double> nodes) {
    List<Integer> parents = new ArrayList<>(nodes.keySet());
    parents.add(0);
    return parents;
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void siblingsOfTheSpoRecipeSumToZero(@ForAll("batches") List<RolloutTree> batch) {
    List<List<AdvantageBreakdown>> explained = new SpoRecipeEstimator().explain(batch);
    for (int tree = 0; tree < batch.size(); tree++) {
      TrajectoryGroups groups = new TrajectoryGroups(batch.get(tree));
      Map<Integer, Double> values = new HashMap<>();
      explained.get(tree).stream()
          .flatMap(one -> one.segments().stream())
          .forEach(segment -> values.put(segment.node(), segment.value()));
      for (int parent : parents(values)) {
        List<Integer> siblings = groups.children(parent);
        if (siblings.size() > 1) {
          assertThat(siblings.stream().mapToDouble(values::get).sum()).isCloseTo(0, within(1e-6));
        }
      }
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void treePoOnIndependentSamplesIsReinforcePlusPlusBaseline(
      @ForAll("batches") List<RolloutTree> batch) {
    List<RolloutTree> independent = batch.stream().map(AdvantageLawsTest::independent).toList();
    for (Weighting weighting : Weighting.values()) {
      assertSame(
          new ReinforcePlusPlusBaselineEstimator().advantages(independent),
          new TreePoEstimator(weighting, false).advantages(independent),
          1e-9);
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void breakdownOfTreePoAddsUpToItsAdvantage(@ForAll("batches") List<RolloutTree> batch) {
    for (List<AdvantageBreakdown> tree :
        new TreePoEstimator(Weighting.AVERAGE, true).explain(batch)) {
      for (AdvantageBreakdown one : tree) {
        double kept =
            one.comparisons().stream()
                .filter(AdvantageBreakdown.GroupComparison::kept)
                .mapToDouble(AdvantageBreakdown.GroupComparison::difference)
                .average()
                .orElseThrow();
        assertThat(one.segments().stream().mapToDouble(SegmentAdvantage::raw))
            .allSatisfy(raw -> assertThat(raw).isCloseTo(kept, within(1e-12)));
      }
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void theSpoRecipeIsUnchangedByARewardShiftWithoutOnlyChildren(
      @ForAll("batches") List<RolloutTree> batch,
      @ForAll @DoubleRange(min = -5, max = 5) double shift) {
    List<RolloutTree> branching =
        withoutOnlyChildren(batch.stream().filter(tree -> tree.trajectories().size() > 1).toList());
    assertSame(
        new SpoRecipeEstimator().advantages(branching),
        new SpoRecipeEstimator().advantages(rewards(branching, reward -> reward + shift)),
        1e-6);
  }

  private static RolloutTree independent(RolloutTree tree) {
    List<SegmentNode> nodes = new ArrayList<>();
    List<Trajectory> trajectories = new ArrayList<>();
    for (Trajectory trajectory : tree.trajectories()) {
      int[] response = tree.response(trajectory);
      double[] none = new double[response.length];
      int id = nodes.size() + 1;
      nodes.add(new SegmentNode(id, 0, response, none, none, none));
      trajectories.add(new Trajectory(id, FinishReason.EOS, trajectory.reward()));
    }
    return new RolloutTree(tree.promptId(), tree.promptTokens(), nodes, trajectories);
  }

  /** SPO keeps the value of an only child, which a shift moves; so its law has no only children. */
  private static List<RolloutTree> withoutOnlyChildren(List<RolloutTree> batch) {
    return batch.stream()
        .filter(
            tree -> {
              TrajectoryGroups groups = new TrajectoryGroups(tree);
              return IntStream.range(0, groups.trajectories())
                  .allMatch(
                      i ->
                          IntStream.range(0, groups.depth(i))
                              .allMatch(
                                  depth -> groups.children(groups.node(i, depth)).size() > 1));
            })
        .toList();
  }

  private static List<RolloutTree> rewards(List<RolloutTree> batch, DoubleUnaryOperator change) {
    return batch.stream()
        .map(
            tree ->
                tree.withTrajectories(
                    tree.trajectories().stream()
                        .map(t -> t.withReward(change.applyAsDouble(t.reward())))
                        .toList()))
        .toList();
  }

  private static void assertSame(double[][][] expected, double[][][] actual, double tolerance) {
    assertThat(flatten(actual)).containsExactly(flatten(expected), within(tolerance));
  }

  private static double[] flatten(double[][][] advantages) {
    return Arrays.stream(advantages)
        .flatMap(Arrays::stream)
        .flatMapToDouble(Arrays::stream)
        .toArray();
  }
}

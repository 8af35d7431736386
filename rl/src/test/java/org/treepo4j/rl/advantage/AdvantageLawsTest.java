package org.treepo4j.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;
import org.treepo4j.rl.advantage.TreePoEstimator.Subgroups;
import org.treepo4j.rl.advantage.TreePoEstimator.Weighting;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/** What must hold of advantages whatever the trees. */
class AdvantageLawsTest {
  private static final List<AdvantageEstimator> WHITENED =
      List.of(
          new TreePoEstimator(Weighting.AVERAGE, false),
          new TreePoEstimator(Weighting.AVERAGE, true),
          new TreePoEstimator(Weighting.GROUP_SIZE, false),
          new TreePoEstimator(Weighting.GROUP_SIZE, true),
          new TreePoEstimator(Weighting.AVERAGE, false, Subgroups.PREFIXES),
          new TreePoEstimator(Weighting.GROUP_SIZE, true, Subgroups.PREFIXES),
          new SegmentProgressEstimator(0),
          new SegmentProgressEstimator(0.9),
          new ReinforcePlusPlusBaselineEstimator());
  private static final List<AdvantageEstimator> ALL = new ArrayList<>(WHITENED);

  static {
    ALL.add(new TreeGrpoEstimator());
    ALL.add(new TreeRlEstimator());
    ALL.add(new SpoEstimator(false, 1));
    ALL.add(new SpoEstimator(false, 0.3));
    ALL.add(new SpoEstimator(true, 1));
    ALL.add(new SpoRecipeEstimator());
    ALL.add(new GrpoEstimator(true));
    ALL.add(new GrpoEstimator(false));
    ALL.add(new RlooEstimator());
  }

  @Provide
  Arbitrary<List<RolloutTree>> batches() {
    return RandomTrees.batches();
  }

  @Provide
  Arbitrary<AdvantageEstimator> estimators() {
    return Arbitraries.of(ALL);
  }

  @Provide
  Arbitrary<AdvantageEstimator> whitened() {
    return Arbitraries.of(WHITENED);
  }

  @Property(tries = 400)
  void advantagesHaveOneValuePerResponseToken(
      @ForAll("batches") List<RolloutTree> batch,
      @ForAll("estimators") AdvantageEstimator estimator) {
    double[][][] advantages = estimator.advantages(batch);
    for (int tree = 0; tree < batch.size(); tree++) {
      RolloutTree rollout = batch.get(tree);
      for (int i = 0; i < rollout.trajectories().size(); i++) {
        assertThat(advantages[tree][i])
            .hasSize(rollout.response(rollout.trajectories().get(i)).length);
        assertThat(Arrays.stream(advantages[tree][i])).allMatch(Double::isFinite);
      }
    }
  }

  @Property(tries = 300)
  void everyPromptGroupOfSeveralSumsToZero(@ForAll("batches") List<RolloutTree> batch) {
    for (AdvantageEstimator estimator :
        List.of(
            new GrpoEstimator(true),
            new GrpoEstimator(false),
            new TreeGrpoEstimator(),
            new RlooEstimator())) {
      for (double[][] tree : estimator.advantages(batch)) {
        if (tree.length > 1) {
          assertThat(Arrays.stream(tree).mapToDouble(tokens -> tokens[0]).sum())
              .isCloseTo(0, within(1e-6));
        }
      }
    }
  }

  @Property(tries = 300)
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

  @Property(tries = 300)
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
  @Property(tries = 300)
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

  @Property(tries = 300)
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

  @Property(tries = 400)
  void whitenedAdvantagesHaveMeanZeroAndVarianceOneOverTokens(
      @ForAll("batches") List<RolloutTree> batch,
      @ForAll("whitened") AdvantageEstimator estimator) {
    double[] tokens = flatten(estimator.advantages(large(batch)));
    double mean = Arrays.stream(tokens).average().orElseThrow();
    double squares = Arrays.stream(tokens).map(a -> a * a).sum();
    assertThat(mean).isCloseTo(0, within(1e-6));
    double variance = tokens.length == 1 ? 0 : squares / (tokens.length - 1);
    boolean allEqual = Arrays.stream(tokens).allMatch(a -> Math.abs(a) < 1e-6);
    assertThat(variance).isCloseTo(allEqual ? 0 : 1, within(1e-3));
  }

  @Property(tries = 400)
  void advantagesAreInvariantUnderReorderingTrajectoriesAndTrees(
      @ForAll("batches") List<RolloutTree> batch,
      @ForAll("estimators") AdvantageEstimator estimator,
      @ForAll long seed) {
    Random random = new Random(seed);
    List<Integer> trees = shuffled(batch.size(), random);
    List<List<Integer>> orders = new ArrayList<>();
    List<RolloutTree> reordered = new ArrayList<>();
    for (int tree : trees) {
      List<Trajectory> trajectories = batch.get(tree).trajectories();
      List<Integer> order = shuffled(trajectories.size(), random);
      orders.add(order);
      reordered.add(
          batch.get(tree).withTrajectories(order.stream().map(trajectories::get).toList()));
    }
    double[][][] before = estimator.advantages(batch);
    double[][][] after = estimator.advantages(reordered);
    for (int k = 0; k < trees.size(); k++) {
      for (int i = 0; i < orders.get(k).size(); i++) {
        assertThat(after[k][i])
            .containsExactly(before[trees.get(k)][orders.get(k).get(i)], within(1e-6));
      }
    }
  }

  @Property(tries = 400)
  void advantagesAreUnchangedByARewardShiftWherePromptsHaveSeveralTrajectories(
      @ForAll("batches") List<RolloutTree> batch,
      @ForAll("estimators") AdvantageEstimator estimator,
      @ForAll @DoubleRange(min = -5, max = 5) double shift) {
    List<RolloutTree> several = several(batch);
    if (estimator instanceof SpoRecipeEstimator) {
      several = withoutOnlyChildren(several);
    }
    assertSame(
        estimator.advantages(several),
        estimator.advantages(rewards(several, reward -> reward + shift)),
        1e-6);
  }

  @Property(tries = 400)
  void whitenedAdvantagesAreUnchangedByARewardScale(
      @ForAll("batches") List<RolloutTree> batch,
      @ForAll("whitened") AdvantageEstimator estimator,
      @ForAll @DoubleRange(min = 0.5, max = 20) double scale) {
    assertSame(
        estimator.advantages(large(batch)),
        estimator.advantages(rewards(large(batch), reward -> reward * scale)),
        1e-3);
  }

  /** Rewards beside whose variance the 1e-8 that is added to it vanishes. */
  private static List<RolloutTree> large(List<RolloutTree> batch) {
    return rewards(batch, reward -> 1e4 * reward);
  }

  @Property(tries = 300)
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

  @Property(tries = 300)
  void nodesThatNoTrajectoryPassesChangeNothing(
      @ForAll("batches") List<RolloutTree> batch,
      @ForAll("estimators") AdvantageEstimator estimator) {
    List<RolloutTree> grown =
        batch.stream()
            .map(
                tree -> {
                  List<SegmentNode> nodes = new ArrayList<>(tree.nodes());
                  int last = nodes.get(nodes.size() - 1).id();
                  double[] none = new double[2];
                  for (int i = 1; i <= 5; i++) {
                    nodes.add(
                        new SegmentNode(
                            last + i, last + i - 1, new int[] {1, 2}, none, none, none));
                  }
                  return new RolloutTree(
                      tree.promptId(), tree.promptTokens(), nodes, tree.trajectories());
                })
            .toList();
    assertSame(estimator.advantages(batch), estimator.advantages(grown), 0);
  }

  @Property(tries = 300)
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

  private static List<RolloutTree> several(List<RolloutTree> batch) {
    return batch.stream().filter(tree -> tree.trajectories().size() > 1).toList();
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

  private static List<Integer> shuffled(int size, Random random) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, size).boxed().toList());
    Collections.shuffle(order, random);
    return order;
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

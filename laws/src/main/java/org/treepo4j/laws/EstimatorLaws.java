package org.treepo4j.laws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * What must hold of advantages whatever the trees. A test class that implements {@link #estimator}
 * has all of it run on its estimator; {@link #claims} says what else the estimator promises.
 */
public interface EstimatorLaws {

  /** The estimator under test. */
  AdvantageEstimator estimator();

  /** What the estimator promises beyond the laws that hold for all. */
  default Set<Claim> claims() {
    return Set.of(Claim.SHIFT_INVARIANT);
  }

  /** What holds of some estimators. */
  enum Claim {
    /** Adding a number to all rewards changes nothing where prompts have several trajectories. */
    SHIFT_INVARIANT,
    /** So does multiplying all rewards by a positive number. */
    SCALE_FREE,
    /** Multiplying all rewards by a positive number multiplies all advantages by it. */
    PROPORTIONAL,
    /** The advantages of the trajectories of a prompt, one each, sum to zero. */
    ZERO_SUM,
    /** Over the tokens of a batch the mean is zero and the variance one. */
    WHITENED
  }

  @Provide
  default Arbitrary<List<RolloutTree>> batches() {
    return Samples.batches();
  }

  @Provide
  default Arbitrary<Long> seeds() {
    return Arbitraries.longs().between(0, 1000);
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  default void everyResponseTokenHasOneFiniteAdvantage(@ForAll("batches") List<RolloutTree> batch) {
    double[][][] advantages = estimator().advantages(batch);
    assertThat(advantages.length).as("trees with advantages").isEqualTo(batch.size());
    for (int tree = 0; tree < batch.size(); tree++) {
      RolloutTree rollout = batch.get(tree);
      assertThat(advantages[tree].length).isEqualTo(rollout.trajectories().size());
      for (int i = 0; i < rollout.trajectories().size(); i++) {
        assertThat(advantages[tree][i])
            .as("advantages of trajectory %s of tree %s", i, tree)
            .hasSize(rollout.responseLength(rollout.trajectories().get(i)));
        assertThat(Arrays.stream(advantages[tree][i])).allMatch(Double::isFinite);
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  default void theOrderOfTreesAndTrajectoriesDoesNotMatter(
      @ForAll("batches") List<RolloutTree> batch, @ForAll("seeds") long seed) {
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
    double[][][] before = estimator().advantages(batch);
    double[][][] after = estimator().advantages(reordered);
    for (int k = 0; k < trees.size(); k++) {
      for (int i = 0; i < orders.get(k).size(); i++) {
        assertThat(after[k][i])
            .containsExactly(before[trees.get(k)][orders.get(k).get(i)], within(1e-6));
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  default void segmentsThatNoTrajectoryPassesChangeNothing(
      @ForAll("batches") List<RolloutTree> batch) {
    List<RolloutTree> grown = batch.stream().map(EstimatorLaws::grown).toList();
    assertClose(
        estimator().advantages(batch), estimator().advantages(grown), 1e-9, "with more segments");
  }

  /** Among independent responses: where there are no sub-groups, only rewards can decide. */
  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  default void noIndependentResponseIsPushedMoreThanABetterOneOfItsPrompt(
      @ForAll("batches") List<RolloutTree> batch) {
    List<RolloutTree> independent = batch.stream().map(EstimatorLaws::independent).toList();
    double[][][] advantages = estimator().advantages(independent);
    for (int tree = 0; tree < batch.size(); tree++) {
      List<Trajectory> trajectories = batch.get(tree).trajectories();
      for (int i = 0; i < trajectories.size(); i++) {
        for (int j = 0; j < trajectories.size(); j++) {
          if (trajectories.get(i).reward() > trajectories.get(j).reward()) {
            assertThat(advantages[tree][i][0])
                .as("advantage of the better response %s beside that of %s", i, j)
                .isGreaterThanOrEqualTo(advantages[tree][j][0] - 1e-9);
          }
        }
      }
    }
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  default void advantagesKeepWhatTheEstimatorClaims(
      @ForAll("batches") List<RolloutTree> batch, @ForAll("seeds") long seed) {
    Random random = new Random(seed);
    List<RolloutTree> several = batch.stream().filter(t -> t.trajectories().size() > 1).toList();
    // Beside such rewards the small numbers that keep divisions finite vanish.
    List<RolloutTree> large = rewards(batch, reward -> 1e4 * reward);
    double factor = 0.5 + 10 * random.nextDouble();
    for (Claim claim : claims()) {
      switch (claim) {
        case SHIFT_INVARIANT -> {
          double shift = 10 * random.nextDouble() - 5;
          assertClose(
              estimator().advantages(several),
              estimator().advantages(rewards(several, reward -> reward + shift)),
              1e-6,
              "with every reward shifted by " + shift);
        }
        case SCALE_FREE -> {
          List<RolloutTree> compared =
              large.stream().filter(t -> t.trajectories().size() > 1).toList();
          assertClose(
              estimator().advantages(compared),
              estimator().advantages(rewards(compared, reward -> reward * factor)),
              1e-3,
              "with every reward multiplied by " + factor);
        }
        case PROPORTIONAL ->
            assertThat(flat(estimator().advantages(rewards(batch, reward -> reward * factor))))
                .containsExactly(
                    Arrays.stream(flat(estimator().advantages(batch)))
                        .map(advantage -> advantage * factor)
                        .toArray(),
                    within(1e-6));
        case ZERO_SUM -> {
          for (double[][] tree : estimator().advantages(several)) {
            assertThat(Arrays.stream(tree).mapToDouble(tokens -> tokens[0]).sum())
                .as("sum over the trajectories of a prompt")
                .isCloseTo(0, within(1e-6));
          }
        }
        case WHITENED -> assertWhitened(flat(estimator().advantages(large)));
      }
    }
  }

  private static void assertWhitened(double[] tokens) {
    double mean = Arrays.stream(tokens).average().orElse(0);
    double squares = Arrays.stream(tokens).map(advantage -> advantage * advantage).sum();
    boolean allEqual = Arrays.stream(tokens).allMatch(advantage -> Math.abs(advantage) < 1e-6);
    assertThat(mean).as("mean over the tokens").isCloseTo(0, within(1e-6));
    double variance = tokens.length <= 1 ? 0 : squares / (tokens.length - 1);
    assertThat(variance).as("variance over the tokens").isCloseTo(allEqual ? 0 : 1, within(1e-3));
  }

  private static RolloutTree grown(RolloutTree tree) {
    List<SegmentNode> nodes = new ArrayList<>(tree.nodes());
    int last = nodes.get(nodes.size() - 1).id();
    double[] none = new double[2];
    for (int i = 1; i <= 5; i++) {
      nodes.add(new SegmentNode(last + i, last + i - 1, new int[] {1, 2}, none, none, none));
    }
    return new RolloutTree(tree.promptId(), tree.promptTokens(), nodes, tree.trajectories());
  }

  /** The trajectories as one segment each. */
  private static RolloutTree independent(RolloutTree tree) {
    List<SegmentNode> nodes = new ArrayList<>();
    List<Trajectory> trajectories = new ArrayList<>();
    for (Trajectory trajectory : tree.trajectories()) {
      int[] response = tree.response(trajectory);
      double[] logprobs = new double[response.length];
      Arrays.fill(logprobs, -3);
      int id = nodes.size() + 1;
      nodes.add(new SegmentNode(id, 0, response, logprobs, logprobs, logprobs));
      trajectories.add(new Trajectory(id, trajectory.finish(), trajectory.reward()));
    }
    return new RolloutTree(tree.promptId(), tree.promptTokens(), nodes, trajectories);
  }

  private static List<RolloutTree> rewards(List<RolloutTree> batch, DoubleUnaryOperator change) {
    return batch.stream()
        .map(tree -> tree.withRewards(t -> change.applyAsDouble(t.reward())))
        .toList();
  }

  private static List<Integer> shuffled(int size, Random random) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, size).boxed().toList());
    Collections.shuffle(order, random);
    return order;
  }

  private static void assertClose(
      double[][][] expected, double[][][] actual, double tolerance, String when) {
    assertThat(flat(actual))
        .as("advantages %s", when)
        .containsExactly(flat(expected), within(tolerance));
  }

  private static double[] flat(double[][][] advantages) {
    return Arrays.stream(advantages)
        .flatMap(Arrays::stream)
        .flatMapToDouble(Arrays::stream)
        .toArray();
  }
}

package org.treepo4j.laws;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.rollout.BranchingPolicy;
import org.treepo4j.rollout.BranchingPolicy.PathScores;

/**
 * What must hold of a policy that shares children among paths; a test implements {@link #policy}.
 */
public interface AllotmentLaws {

  /** The policy under test. */
  BranchingPolicy policy();

  /**
   * What a path with more of it gets at least as many children for; the same for all by default.
   */
  default ToDoubleFunction<PathScores> favours() {
    return path -> 0;
  }

  @Provide
  default Arbitrary<List<PathScores>> paths() {
    Arbitrary<Double> logprob = Arbitraries.doubles().between(-60, 0).ofScale(1);
    return Combinators.combine(
            logprob, logprob, logprob, Arbitraries.doubles().between(0, 9).ofScale(1))
        .as(PathScores::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(12);
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  default void everyPathHasAChildAndAllAreGiven(
      @ForAll("paths") List<PathScores> paths,
      @ForAll @IntRange(min = 0, max = 40) int spare,
      @ForAll @DoubleRange(min = 0.01, max = 20) double temperature) {
    int[] children = policy().children(paths, paths.size() + spare, temperature);
    assertThat(children).hasSize(paths.size());
    assertThat(Arrays.stream(children).min().orElseThrow()).as("fewest children").isPositive();
    assertThat(Arrays.stream(children).sum()).isEqualTo(paths.size() + spare);
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  default void aFavouredPathGetsAtLeastAsManyUpToRounding(
      @ForAll("paths") List<PathScores> paths,
      @ForAll @IntRange(min = 0, max = 40) int spare,
      @ForAll @DoubleRange(min = 0.1, max = 20) double temperature) {
    int total = paths.size() * (1 + spare); // nothing is left over that must go to someone
    int[] children = policy().children(paths, total, temperature);
    List<Integer> byFavour =
        java.util.stream.IntStream.range(0, children.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> favours().applyAsDouble(paths.get(i))))
            .toList();
    for (int i = 1; i < byFavour.size(); i++) {
      int less = byFavour.get(i - 1);
      int more = byFavour.get(i);
      assertThat(children[more])
          .as("children of path %s beside the less favoured %s", more, less)
          .isGreaterThanOrEqualTo(children[less] - 1);
    }
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  default void theSameScoresGiveTheSameChildren(
      @ForAll("paths") List<PathScores> paths, @ForAll @IntRange(min = 0, max = 40) int spare) {
    int[] first = policy().children(paths, paths.size() + spare, 1);
    assertThat(policy().children(List.copyOf(paths), paths.size() + spare, 1)).isEqualTo(first);
  }
}

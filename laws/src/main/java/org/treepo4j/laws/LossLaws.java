package org.treepo4j.laws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossResult;
import org.treepo4j.rl.loss.TrainingTree;

/**
 * What must hold of a loss over trees and of its derivatives, on log-probabilities made up for
 * every unique token. A test class implements {@link #loss}; two further answers say what kind of
 * loss it is.
 */
public interface LossLaws {

  /**
   * The loss under test.
   *
   * @param part some or all trees of a mini-batch
   * @param whole the normalizer of the whole mini-batch
   */
  LossResult loss(ScoredTrees part, LossNormalizer whole);

  /** Whether an advantage moves its own token only; GSPO's moves the whole response. */
  default boolean tokenwise() {
    return true;
  }

  /** Whether derivatives leave out, on purpose, a part that the value depends on, as CISPO's do. */
  default boolean stopsGradients() {
    return false;
  }

  @Provide
  default Arbitrary<ScoredTrees> scored() {
    return Samples.scoredTrees();
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  default void lossAndGradientOfTreesAreThoseOfTheirFlattenedTrajectories(
      @ForAll("scored") ScoredTrees scored) {
    ScoredTrees flattened = scored.flattened();
    LossResult trees = loss(scored, scored.normalizer());
    LossResult chains = loss(flattened, flattened.normalizer());
    assertThat(trees.loss()).isCloseTo(chains.loss(), within(tolerance(chains.loss())));
    assertClose(trees.dLogprob(), scored.gathered(chains.dLogprob()));
    if (trees.dEntropy() != null) {
      assertClose(trees.dEntropy(), scored.gathered(chains.dEntropy()));
    }
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  default void lossAndGradientDoNotDependOnTheSplitIntoMicroBatches(
      @ForAll("scored") ScoredTrees scored) {
    LossResult whole = loss(scored, scored.normalizer());
    double sum = 0;
    for (int tree = 0; tree < scored.trees().size(); tree++) {
      LossResult part = loss(scored.only(tree), scored.normalizer());
      sum += part.loss();
      assertThat(part.dLogprob()[0]).containsExactly(whole.dLogprob()[tree], within(1e-6f));
    }
    assertThat(sum).isCloseTo(whole.loss(), within(tolerance(whole.loss())));
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  default void aBatchOfEveryTreeTwiceHasTheSameLossAndEachTreeHalfTheGradient(
      @ForAll("scored") ScoredTrees scored) {
    ScoredTrees twice = scored.twice();
    LossResult once = loss(scored, scored.normalizer());
    LossResult doubled = loss(twice, twice.normalizer());
    assertThat(doubled.loss()).isCloseTo(once.loss(), within(tolerance(once.loss())));
    for (int tree = 0; tree < scored.trees().size(); tree++) {
      for (int token = 0; token < once.dLogprob()[tree].length; token++) {
        double expected = once.dLogprob()[tree][token] / 2.0;
        assertThat((double) doubled.dLogprob()[tree][token])
            .isCloseTo(expected, within(tolerance(expected)));
      }
    }
  }

  @Property(tries = 60, edgeCases = EdgeCasesMode.NONE)
  default void derivativesAreTheLimitOfFiniteDifferences(@ForAll("scored") ScoredTrees scored) {
    LossResult result = loss(scored, scored.normalizer());
    for (int tree = 0; tree < scored.trees().size(); tree++) {
      for (int token = 0; token < scored.logprobs()[tree].length; token++) {
        Slopes slopes = slopes(scored, scored.logprobs()[tree], token);
        if (!stopsGradients() && !slopes.kink()) {
          assertThat((double) result.dLogprob()[tree][token])
              .as("derivative by log-probability %s of tree %s", token, tree)
              .isCloseTo(slopes.middle(), within(slopes.tolerance()));
        }
        double byEntropy = slopes(scored, scored.entropies()[tree], token).middle();
        double entropy = result.dEntropy() == null ? 0 : result.dEntropy()[tree][token];
        assertThat(entropy)
            .as("derivative by entropy %s of tree %s", token, tree)
            .isCloseTo(byEntropy, within(1e-3));
      }
    }
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  default void beforeAnyUpdateGoodTokensArePushedUpAndBadOnesDown(
      @ForAll("scored") ScoredTrees scored) {
    for (int sign : new int[] {1, -1}) {
      ScoredTrees same = scored.onPolicy().withAdvantages((tree, trajectory, token) -> sign);
      LossResult result = loss(same, same.normalizer());
      for (int tree = 0; tree < same.trees().size(); tree++) {
        for (int[] path : same.trees().get(tree).paths()) {
          for (int token : path) {
            assertThat(-sign * result.dLogprob()[tree][token])
                .as("push of token %s of tree %s with the advantage %s", token, tree, sign)
                .isPositive();
          }
        }
      }
    }
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  default void anAdvantageMovesNothingButItsOwnTokenOrResponse(
      @ForAll("scored") ScoredTrees scored) {
    int last = scored.trees().size() - 1;
    TrainingTree tree = scored.trees().get(last);
    int end = tree.paths()[0].length - 1;
    ScoredTrees one =
        scored.onPolicy().withAdvantages((t, i, at) -> t == last && i == 0 && at == end ? 1 : 0);
    ScoredTrees none = scored.onPolicy().withAdvantages((t, i, at) -> 0);
    float[][] moved = loss(one, one.normalizer()).dLogprob();
    float[][] still = loss(none, none.normalizer()).dLogprob();
    boolean[] own = new boolean[tree.uniqueTokens()];
    int[] path = tree.paths()[0];
    for (int at = tokenwise() ? end : 0; at <= end; at++) {
      own[path[at]] = true;
    }
    for (int t = 0; t <= last; t++) {
      for (int token = 0; token < moved[t].length; token++) {
        if (t == last && own[token]) {
          assertThat(moved[t][token]).isLessThan(still[t][token]);
        } else {
          assertThat(moved[t][token])
              .as("derivative at token %s of tree %s, which has no part in it", token, t)
              .isCloseTo(still[t][token], within(1e-7f));
        }
      }
    }
  }

  /**
   * Slopes to the left and to the right of a value.
   *
   * @param middle of both
   */
  record Slopes(double left, double right, double middle) {
    double tolerance() {
      return 5e-3 * (1 + Math.abs(middle));
    }

    /**
     * Where a clip range begins there is no derivative. If it begins near the end of a step, the
     * slopes hardly differ: by less than this, and the middle is off by half of it at most.
     */
    boolean kink() {
      return Math.abs(left - right) > tolerance();
    }
  }

  private Slopes slopes(ScoredTrees scored, float[] values, int token) {
    float kept = values[token];
    float above = kept + 2e-3f;
    float below = kept - 2e-3f;
    double here = loss(scored, scored.normalizer()).loss();
    values[token] = above;
    double high = loss(scored, scored.normalizer()).loss();
    values[token] = below;
    double low = loss(scored, scored.normalizer()).loss();
    values[token] = kept;
    return new Slopes(
        (here - low) / ((double) kept - below),
        (high - here) / ((double) above - kept),
        (high - low) / ((double) above - below));
  }

  private static void assertClose(float[][] actual, double[][] expected) {
    for (int tree = 0; tree < expected.length; tree++) {
      for (int token = 0; token < expected[tree].length; token++) {
        assertThat((double) actual[tree][token])
            .as("derivative at token %s of tree %s", token, tree)
            .isCloseTo(expected[tree][token], within(tolerance(expected[tree][token])));
      }
    }
  }

  private static double tolerance(double value) {
    return 2e-6 * (1 + Math.abs(value));
  }
}

package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.engines.vector.KernelAssertions.assertGradient;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.engines.contract.PlainKernels;
import org.treepo4j.engines.contract.RandomTrees;
import org.treepo4j.model.engine.RowTargets;

class VocabularyHeadTest {
  /** Logits of up to about 20 are sums of up to 30 products, each rounded to 6e-8. */
  private static final double ROUNDING = 2e-5;

  @Property(tries = 30)
  void scoresAndGradientsEqualPlainLoops(
      @ForAll @IntRange(min = 1, max = 60) int rows,
      @ForAll @IntRange(min = 1, max = 30) int width,
      @ForAll @IntRange(min = 1, max = 300) int vocabulary,
      @ForAll @DoubleRange(min = 0.3, max = 3) double temperature,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(rows, width, vocabulary, (float) temperature, random);
    c.run(threads);
    c.assertScores();
    c.assertGradients(random);
  }

  @Test
  void chunksOfRowsAndOfTheVocabularyMakeNoDifference() {
    Random random = new Random(11);
    Case c = new Case(1024 + 66, 5, 2048 + 37, 0.7f, random);
    c.run(2);
    c.assertScores();
    c.assertGradients(random);
  }

  @Property(tries = 20)
  void weightGradientsAreAddedOrLeftOut(
      @ForAll @IntRange(min = 1, max = 60) int rows,
      @ForAll @IntRange(min = 1, max = 300) int vocabulary,
      @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(rows, 7, vocabulary, 1.3f, random);
    c.run(2);
    float[] once = c.dWeights.clone();
    float[] dHidden = c.dHidden.clone();
    c.backward(2, c.dWeights);
    for (int i = 0; i < once.length; i++) {
      assertThat(c.dWeights[i]).isCloseTo(2 * once[i], within(1e-5f * (1 + Math.abs(once[i]))));
    }
    c.backward(2, null);
    assertThat(c.dHidden).isEqualTo(dHidden);
  }

  @Property(tries = 20)
  void rowsWithoutCoefficientsGetNoGradient(
      @ForAll @IntRange(min = 2, max = 60) int rows, @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(rows, 7, 50, 1, random);
    int silent = random.nextInt(rows);
    c.dEntropy[silent] = 0;
    for (int row = 0; row < rows; row++) {
      if (c.layout.parents()[row] == silent) {
        c.dLogprob[row] = 0;
      }
    }
    c.run(2);
    c.assertGradients(random);
    for (int i = silent * 7; i < silent * 7 + 7; i++) {
      assertThat(c.dHidden[i]).isEqualTo(0f);
    }
  }

  /** Random hidden states of a random tree, and the head's results. */
  private static final class Case {
    final TreeLayout layout;
    final int width;
    final int vocabulary;
    final float temperature;
    final float[] hidden;
    final float[] weights;
    final float[] dLogprob;
    final float[] dEntropy;
    final float[] dHidden;
    final float[] dWeights;
    final Scores scores = new Scores();

    Case(int rows, int width, int vocabulary, float temperature, Random random) {
      this.layout = new TreeLayout(List.of(RandomTrees.tree(random, rows, vocabulary)));
      this.width = width;
      this.vocabulary = vocabulary;
      this.temperature = temperature;
      hidden = TestModels.coefficients(rows * width, 0, random);
      weights = TestModels.coefficients(vocabulary * width, 0, random);
      dLogprob = TestModels.coefficients(rows, 0.1, random);
      dEntropy = TestModels.coefficients(rows, 0.1, random);
      dHidden = TestModels.coefficients(hidden.length, 0, random);
      dWeights = new float[weights.length];
    }

    void run(int threads) {
      try (WorkerPool pool = new WorkerPool(threads)) {
        head(pool)
            .forward(
                layout.rows(),
                hidden,
                weights,
                new RowTargets(layout.order()),
                temperature,
                scores);
      }
      backward(threads, dWeights);
    }

    void backward(int threads, float[] intoWeights) {
      try (WorkerPool pool = new WorkerPool(threads)) {
        head(pool)
            .backward(
                layout.rows(),
                hidden,
                weights,
                new RowTargets(layout.order()),
                temperature,
                scores,
                dLogprob,
                dEntropy,
                dHidden,
                intoWeights);
      }
    }

    private VocabularyHead head(WorkerPool pool) {
      return new VocabularyHead(pool, new Gemm(pool), width, vocabulary, LogitShape.PLAIN);
    }

    void assertScores() {
      double[][] logp = logProbabilities(PlainKernels.widen(hidden), PlainKernels.widen(weights));
      for (int row = 0; row < logp.length; row++) {
        int parent = layout.parents()[row];
        double logprob = parent < 0 ? 0 : logp[parent][layout.tokens()[row]];
        double entropy = PlainKernels.entropy(logp[row]);
        assertThat((double) scores.logprobs()[row])
            .isCloseTo(logprob, within(ROUNDING * (1 + Math.abs(logprob))));
        assertThat((double) scores.entropies()[row])
            .isCloseTo(entropy, within(ROUNDING * (1 + entropy)));
      }
    }

    void assertGradients(Random random) {
      double[] wideHidden = PlainKernels.widen(hidden);
      double[] wideWeights = PlainKernels.widen(weights);
      assertGradient(dHidden, hidden, at -> objective(at, wideWeights), ROUNDING, random);
      assertGradient(dWeights, weights, at -> objective(wideHidden, at), ROUNDING, random);
    }

    private double objective(double[] wideHidden, double[] wideWeights) {
      double[][] logp = logProbabilities(wideHidden, wideWeights);
      double sum = 0;
      for (int row = 0; row < logp.length; row++) {
        int parent = layout.parents()[row];
        if (parent >= 0) {
          sum += dLogprob[row] * logp[parent][layout.tokens()[row]];
        }
        sum += dEntropy[row] * PlainKernels.entropy(logp[row]);
      }
      return sum;
    }

    private double[][] logProbabilities(double[] wideHidden, double[] wideWeights) {
      double[][] rows = PlainKernels.rows(wideHidden, width);
      for (int row = 0; row < rows.length; row++) {
        double[] logits = PlainKernels.multiply(wideWeights, null, rows[row]);
        rows[row] = PlainKernels.logSoftmax(logits, temperature);
      }
      return rows;
    }
  }
}

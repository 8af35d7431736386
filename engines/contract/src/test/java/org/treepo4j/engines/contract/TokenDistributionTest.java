package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenDistribution;

class TokenDistributionTest {

  @Property(tries = 500)
  void drawsAndProbabilitiesAreThoseOfTheNaiveDistribution(
      @ForAll @IntRange(min = 1, max = 300) int vocabSize,
      @ForAll @DoubleRange(min = 0.05, max = 3) double temperature,
      @ForAll @IntRange(min = 0, max = 60) int topK,
      @ForAll @DoubleRange(min = 0.01, max = 1.3) double topP,
      @ForAll @DoubleRange(min = -0.3, max = 0.9) double minP,
      @ForAll long seed) {
    Random random = new Random(seed);
    SamplingRule rule =
        new SamplingRule(
            seed % 7 == 0 ? 0 : seed % 3 == 0 ? 1 : temperature,
            topK,
            Math.min(1, topP),
            Math.max(0, minP),
            SamplingRule.allowed(vocabSize, id -> id == vocabSize - 1 || id % 5 != seed % 5));
    TokenDistribution distribution = new TokenDistribution(rule);
    for (int row = 0; row < 3; row++) {
      float[] logits = new float[vocabSize];
      for (int id = 0; id < vocabSize; id++) {
        // Coarse values make ties; a masked id may be by far the likeliest.
        logits[id] = Math.round(random.nextGaussian() * 8) / 2f + (id % 97 == 3 ? 300 : 0);
      }
      NaiveDistribution naive = NaiveDistribution.of(logits, rule);
      distribution.read(logits);
      for (int draw = 0; draw < 5; draw++) {
        double u = random.nextDouble();
        int token = distribution.sample(u);
        assertThat(token).isEqualTo(naive.sample(u));
        assertThat(Math.exp(distribution.logprob(token)))
            .isEqualTo(naive.probabilities()[token], within(1e-12));
        assertThat(Math.exp(distribution.modelLogprob(token)))
            .isEqualTo(naive.modelProbabilities()[token], within(1e-12));
      }
      assertThat(distribution.entropy()).isEqualTo(naive.entropy(), within(1e-9));
    }
  }

  @Test
  void atTemperatureOneWithoutTruncationBothLogprobsAreTheSameNumber() {
    TokenDistribution distribution = new TokenDistribution(SamplingRule.plain(3, id -> true));
    distribution.read(new float[] {0.3f, -1.7f, 2.9f});

    for (int token = 0; token < 3; token++) {
      assertThat(distribution.logprob(token)).isEqualTo(distribution.modelLogprob(token));
    }
  }

  @Test
  void impossibleTokensAreNeverDrawn() {
    TokenDistribution distribution = new TokenDistribution(SamplingRule.plain(3, id -> true));
    distribution.read(new float[] {Float.NEGATIVE_INFINITY, 1, Float.NEGATIVE_INFINITY});

    assertThat(distribution.sample(0)).isEqualTo(1);
    assertThat(distribution.sample(Math.nextDown(1.0))).isEqualTo(1);
    assertThat(distribution.entropy()).isBetween(0.0, 1e-200);
  }

  @Test
  void rowsThatHoldNoDistributionAreRefused() {
    TokenDistribution distribution = new TokenDistribution(SamplingRule.plain(2, id -> id == 0));

    for (float[] row :
        new float[][] {
          {Float.NaN, 0},
          {0, Float.NaN},
          {Float.POSITIVE_INFINITY, 0},
          {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY},
          {Float.NEGATIVE_INFINITY, 0}
        }) {
      assertThatThrownBy(() -> distribution.read(row)).isInstanceOf(ArithmeticException.class);
    }
  }

  @Test
  void aVocabularyWithoutIdsIsRefused() {
    assertThatThrownBy(() -> SamplingRule.plain(4, id -> id == 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the vocabulary has none of the model's token ids");
  }
}

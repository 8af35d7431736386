package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.DrawnTokens;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.TokenDistribution;
import org.treepo4j.model.TokenDraws;
import org.treepo4j.model.TokenSampler;
import org.treepo4j.model.Weights;

/** What every engine's decoder draws: what {@link TokenDistribution} makes of its logits. */
public interface SamplerContract {
  /** How far from the border of two tokens a number may be for either to be drawn. */
  double BORDER = 1e-5;

  /** Opens the engine under test. */
  CausalLm open(Weights weights);

  /** Whether it has the layers of a family; one that it refuses is left out. */
  default boolean runs(TinyModels family) {
    return true;
  }

  @Property(tries = 30)
  default void whatIsDrawnIsTheLawsTokenOfTheLogits(@ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    int vocab = family.config().vocabSize();
    List<SamplingRule> rules = List.of(rule(random, vocab), rule(random, vocab));
    try (CausalLm model = open(family.weights(seed));
        BranchingDecoder decoder = model.decoder(new DecoderOptions(64 << 20));
        TokenSampler sampler = decoder.sampler()) {
      List<BranchingDecoder.Path> paths = new ArrayList<>();
      for (int p = 0; p < 3; p++) {
        paths.add(decoder.prefill(random.ints(1 + random.nextInt(4), 0, vocab).toArray()));
      }
      for (int step = 0; step < 2; step++) {
        TokenDraws draws = new TokenDraws();
        for (int p = 0; p < paths.size(); p++) {
          for (int left = random.nextInt(5); left > 0; left--) {
            double uniform = random.nextInt(8) == 0 ? 0 : random.nextDouble();
            draws.add(p, uniform, rules.get(random.nextInt(2)));
          }
        }
        DrawnTokens drawn = sampler.draw(paths, draws);
        float[][] logits = decoder.nextLogits(paths);
        int[] next = new int[paths.size()];
        for (int draw = 0; draw < draws.size(); draw++) {
          TokenDistribution law = new TokenDistribution(draws.rule(draw));
          law.read(logits[draws.path(draw)]);
          assertDrawn(law, draws.uniform(draw), drawn, draw);
          next[draws.path(draw)] = drawn.tokens()[draw];
        }
        decoder.append(paths, next);
      }
    }
  }

  private static void assertDrawn(
      TokenDistribution law, double uniform, DrawnTokens drawn, int draw) {
    int token = drawn.tokens()[draw];
    assertThat(token)
        .isIn(
            law.sample(uniform),
            law.sample(Math.max(0, uniform - BORDER)),
            law.sample(Math.min(Math.nextDown(1.0), uniform + BORDER)));
    assertThat(drawn.logprobs()[draw]).isCloseTo(law.logprob(token), within(1e-5));
    assertThat(drawn.modelLogprobs()[draw]).isCloseTo(law.modelLogprob(token), within(1e-5));
    assertThat(drawn.entropies()[draw]).isCloseTo(law.entropy(), within(1e-5));
  }

  private static SamplingRule rule(Random random, int vocab) {
    double[] temperatures = {0, 1, 1, 0.3 + random.nextDouble()};
    boolean[] allowed =
        SamplingRule.allowed(vocab, id -> id == vocab - 1 || random.nextInt(6) != 0);
    boolean all = random.nextBoolean();
    return new SamplingRule(
        temperatures[random.nextInt(4)],
        random.nextBoolean() ? 0 : 1 + random.nextInt(vocab + 3),
        random.nextBoolean() ? 1 : 0.1 + 0.9 * random.nextDouble(),
        random.nextBoolean() ? 0 : 0.5 * random.nextDouble(),
        all ? SamplingRule.allowed(vocab, id -> true) : allowed);
  }

  /** However many rows there are: an engine may draw them on several threads. */
  @Test
  default void manyRowsAreDrawnAsOneByOne() {
    int vocab = TinyModels.LLAMA.config().vocabSize();
    SamplingRule rule = SamplingRule.plain(vocab, id -> true);
    try (CausalLm model = open(TinyModels.LLAMA.weights(1));
        BranchingDecoder decoder = model.decoder(new DecoderOptions(64 << 20));
        TokenSampler sampler = decoder.sampler()) {
      List<BranchingDecoder.Path> paths = new ArrayList<>();
      TokenDraws draws = new TokenDraws();
      Random random = new Random(2);
      for (int p = 0; p < 137; p++) {
        paths.add(decoder.prefill(new int[] {p % vocab, p / vocab}));
        draws.add(p, random.nextDouble(), rule);
        draws.add(p, random.nextDouble(), rule);
      }
      int[] together = sampler.draw(paths, draws).tokens().clone();
      for (int p = 0; p < paths.size(); p++) {
        TokenDraws own = new TokenDraws();
        own.add(0, draws.uniform(2 * p), rule);
        own.add(0, draws.uniform(2 * p + 1), rule);
        DrawnTokens alone = sampler.draw(paths.subList(p, p + 1), own);
        assertThat(together[2 * p]).isEqualTo(alone.tokens()[0]);
        assertThat(together[2 * p + 1]).isEqualTo(alone.tokens()[1]);
      }
    }
  }

  @Test
  default void workInParallelIsDoneOnceForEveryIndex() {
    try (CausalLm model = open(TinyModels.LLAMA.weights(1));
        BranchingDecoder decoder = model.decoder(new DecoderOptions(64 << 20))) {
      int[] times = new int[100];
      decoder.inParallel(times.length, i -> times[i]++);
      assertThat(times).containsOnly(1);
      decoder.inParallel(0, i -> times[i]++);
      assertThat(times).containsOnly(1);
    }
  }

  @Test
  default void nothingIsDrawnFromLogitsThatAreNotFinite() {
    Weights weights = TinyModels.LLAMA.weights(1);
    int width = weights.config().hiddenSize();
    Arrays.fill(weights.parameter(TensorNames.EMBEDDING).values(), 3 * width, 4 * width, Float.NaN);
    SamplingRule rule = SamplingRule.plain(weights.config().vocabSize(), id -> true);
    try (CausalLm model = open(weights);
        BranchingDecoder decoder = model.decoder(new DecoderOptions(64 << 20));
        TokenSampler sampler = decoder.sampler()) {
      List<BranchingDecoder.Path> paths =
          List.of(decoder.prefill(new int[] {1}), decoder.prefill(new int[] {3}));
      TokenDraws draws = new TokenDraws();
      draws.add(0, 0.5, rule);
      sampler.draw(paths.subList(0, 1), draws);
      draws.add(1, 0.5, rule);
      assertThatThrownBy(() -> sampler.draw(paths, draws))
          .isInstanceOfSatisfying(
              TokenSampler.NotFiniteException.class, e -> assertThat(e.path()).isEqualTo(1))
          .hasMessage("the model's logits are not finite");
    }
  }

  @Test
  default void aRuleOfAnotherVocabularyAndAReleasedPathAreRefused() {
    try (CausalLm model = open(TinyModels.LLAMA.weights(1));
        BranchingDecoder decoder = model.decoder(new DecoderOptions(64 << 20))) {
      int vocab = decoder.vocabSize();
      try (TokenSampler sampler = decoder.sampler()) {
        BranchingDecoder.Path path = decoder.prefill(new int[] {1, 2});
        TokenDraws draws = new TokenDraws();
        draws.add(0, 0.5, SamplingRule.plain(vocab + 1, id -> true));
        assertThatThrownBy(() -> sampler.draw(List.of(path), draws))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(String.valueOf(vocab + 1));
        draws.clear();
        draws.add(0, 0.5, SamplingRule.plain(vocab, id -> true));
        decoder.release(path);
        assertThatThrownBy(() -> sampler.draw(List.of(path), draws))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  default void drawsStandInTheOrderOfTheirPaths() {
    TokenDraws draws = new TokenDraws();
    SamplingRule rule = SamplingRule.plain(2, id -> true);
    draws.add(1, 0.5, rule);
    assertThatThrownBy(() -> draws.add(0, 0.5, rule))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("path must be at least 1, was 0");
  }
}

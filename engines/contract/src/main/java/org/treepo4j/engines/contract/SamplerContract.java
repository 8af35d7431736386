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
    SamplingRule rule = rule(random, vocab);
    try (CausalLm model = open(family.weights(seed));
        BranchingDecoder decoder = model.decoder(new DecoderOptions(64 << 20));
        TokenSampler sampler = decoder.sampler(rule)) {
      List<BranchingDecoder.Path> paths = new ArrayList<>();
      for (int p = 0; p < 3; p++) {
        paths.add(decoder.prefill(random.ints(1 + random.nextInt(4), 0, vocab).toArray()));
      }
      for (int step = 0; step < 2; step++) {
        int[] of = new int[16];
        double[] uniforms = new double[of.length];
        int draws = 0;
        for (int p = 0; p < paths.size(); p++) {
          for (int more = random.nextInt(4); more >= 0; more--) {
            of[draws] = p;
            uniforms[draws++] = random.nextInt(8) == 0 ? 0 : random.nextDouble();
          }
        }
        DrawnTokens drawn = sampler.draw(paths, draws, of, uniforms);
        float[][] logits = decoder.nextLogits(paths);
        TokenDistribution law = new TokenDistribution(rule);
        int[] next = new int[paths.size()];
        for (int draw = 0; draw < draws; draw++) {
          law.read(logits[of[draw]]);
          assertDrawn(law, uniforms[draw], drawn, draw);
          next[of[draw]] = drawn.tokens()[draw];
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
        TokenSampler sampler = decoder.sampler(rule)) {
      List<BranchingDecoder.Path> paths = new ArrayList<>();
      int[] of = new int[2 * 77];
      double[] uniforms = new Random(2).doubles(of.length).toArray();
      for (int p = 0; p < of.length / 2; p++) {
        paths.add(decoder.prefill(new int[] {p % vocab, p / vocab}));
        of[2 * p] = p;
        of[2 * p + 1] = p;
      }
      int[] together = sampler.draw(paths, of.length, of, uniforms).tokens().clone();
      for (int p = 0; p < paths.size(); p++) {
        double[] own = {uniforms[2 * p], uniforms[2 * p + 1]};
        DrawnTokens alone = sampler.draw(paths.subList(p, p + 1), 2, new int[2], own);
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
        TokenSampler sampler = decoder.sampler(rule)) {
      List<BranchingDecoder.Path> paths =
          List.of(decoder.prefill(new int[] {1}), decoder.prefill(new int[] {3}));
      sampler.draw(paths.subList(0, 1), 1, new int[] {0}, new double[] {0.5});
      assertThatThrownBy(() -> sampler.draw(paths, 2, new int[] {0, 1}, new double[] {0.5, 0.5}))
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
      assertThatThrownBy(() -> decoder.sampler(SamplingRule.plain(vocab + 1, id -> true)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(String.valueOf(vocab + 1));
      try (TokenSampler sampler = decoder.sampler(SamplingRule.plain(vocab, id -> true))) {
        BranchingDecoder.Path path = decoder.prefill(new int[] {1, 2});
        decoder.release(path);
        assertThatThrownBy(() -> sampler.draw(List.of(path), 1, new int[] {0}, new double[] {0.5}))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }
}

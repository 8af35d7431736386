package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;
import org.treepo4j.rollout.RolloutSettings.AnswerPolicy;
import org.treepo4j.rollout.RolloutSettings.DivergenceRange;
import org.treepo4j.rollout.RolloutSettings.RolloutKind;

/**
 * Sharing changes no tree of a trained model, whose siblings agree for long. Log-probabilities are
 * equal up to rounding only: the engine sums attention over the pieces its cache is made of, and
 * those depend on where paths part.
 */
class SharingOnAnEngineTest {
  private static final Path MODEL = Path.of("../examples/chain-sums/model");
  private static final String SYMBOLS = "0123456789+-=;\\boxed{}";
  private static final int EOS = 1;

  /** Token 2 is the first symbol. */
  private static final TokenText TEXT =
      () -> token -> token < 2 ? "" : SYMBOLS.substring(token - 2, token - 1);

  private static CausalLm model;

  @BeforeContainer
  static void openModel() throws IOException {
    model = Engines.open(MODEL, new EngineOptions("vector", WeightStorage.F32, 1));
  }

  @AfterContainer
  static void closeModel() {
    model.close();
  }

  @Property(tries = 10, seed = "15")
  void treesThatShareWhatTheyCanAreTheTreesThatShareNothing(
      @ForAll RolloutKind kind, @ForAll FallbackPosition position, @ForAll long seed) {
    Random random = new Random(seed);
    Settings settings = new Settings();
    settings.kind = kind;
    settings.maxWidth = 12;
    settings.segmentLength = 6;
    settings.maxDepth = 8;
    settings.initialDivergence = new DivergenceRange(2, 8);
    settings.answerPolicy = AnswerPolicy.BOXED_AS_EOS;
    settings.fallback = settings.fallback.withPosition(position);
    settings.temperature = 0.7;
    settings.topK = 10;
    RolloutSettings built = settings.build();
    String beginning = "10+20-15+";
    List<RolloutPrompt> prompts =
        IntStream.of(5, 6, 7).mapToObj(digit -> sum(beginning, digit, random)).toList();

    List<RolloutTree> eager;
    RolloutBatch shared;
    long eagerlyComputed;
    long computed;
    int[] eos = {EOS};
    int longest = model.config().maxPositions();
    try (BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      eager =
          new EagerSampler(built, TEXT, token -> token > 0, eos, longest)
              .sample(decoder, prompts, seed, 1, 0);
      eagerlyComputed = decoder.statistics().tokensComputed();
    }
    try (BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      shared =
          new TreeSampler(built, TEXT, token -> token > 0, eos, longest)
              .sample(decoder, prompts, seed, 1, 0);
      computed = decoder.statistics().tokensComputed();
      assertThat(decoder.statistics().livePaths()).isZero();
    }
    for (int i = 0; i < prompts.size(); i++) {
      assertSame(shared.trees().get(i), eager.get(i));
    }
    assertThat(computed).isLessThan(eagerlyComputed / 2);
    assertThat(shared.statistics().computedTokens()).isEqualTo(computed);
    assertThat(shared.statistics().computedPromptTokens()).isEqualTo(9 + 3 * 6);
  }

  /** A sum of which the beginning is all that others have in common with it. */
  private static RolloutPrompt sum(String beginning, int digit, Random random) {
    int number = 10 * digit + random.nextInt(10);
    String text = beginning + "%d-%d=".formatted(number, 10 + random.nextInt(20));
    return new RolloutPrompt(
        "sum " + digit, text.chars().map(c -> 2 + SYMBOLS.indexOf(c)).toArray());
  }

  private static void assertSame(RolloutTree actual, RolloutTree expected) {
    assertThat(actual.trajectories()).isEqualTo(expected.trajectories());
    assertThat(actual.nodes()).hasSameSizeAs(expected.nodes());
    for (int i = 0; i < expected.nodes().size(); i++) {
      SegmentNode node = actual.nodes().get(i);
      SegmentNode other = expected.nodes().get(i);
      assertThat(node.parent()).isEqualTo(other.parent());
      assertThat(node.tokens()).containsExactly(other.tokens());
      assertThat(node.branch()).isEqualTo(other.branch());
      assertThat(node.fallback()).isEqualTo(other.fallback());
      assertThat(node.logprobs()).containsExactly(other.logprobs(), within(1e-4));
      assertThat(node.modelLogprobs()).containsExactly(other.modelLogprobs(), within(1e-4));
      assertThat(node.entropies()).containsExactly(other.entropies(), within(1e-4));
    }
  }
}

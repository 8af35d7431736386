package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.BranchingDecoder.Path;
import org.treepo4j.model.CacheFullException;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.WeightStorage;

class VectorDecoderTest {

  /** A path of the decoder and the tokens it must hold. */
  private record Known(Path path, int[] tokens) {}

  @Property(tries = 12)
  void logitsEqualTheForwardPassWhateverWasForkedAndReleased(
      @ForAll @IntRange(min = 0, max = 6) int model, @ForAll long seed) {
    Random random = new Random(seed);
    ModelConfig config = TestModels.all().get(model);
    try (CausalLm lm = engine(TestModels.weights(config, seed), WeightStorage.F32);
        BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      List<Known> known = new ArrayList<>();
      for (int move = 0; move < 40; move++) {
        int kind = random.nextInt(6);
        if (known.isEmpty() || kind == 0) {
          int[] prompt = random.ints(1 + random.nextInt(90), 0, config.vocabSize()).toArray();
          known.add(new Known(decoder.prefill(prompt), prompt));
        } else if (kind == 1) {
          Known from = known.get(random.nextInt(known.size()));
          int length = 1 + random.nextInt(from.tokens().length);
          Path fork = decoder.fork(from.path(), length);
          known.add(new Known(fork, Arrays.copyOf(from.tokens(), length)));
        } else if (kind == 2 && known.size() > 2) {
          decoder.release(known.remove(random.nextInt(known.size())).path());
        } else {
          appendToSome(decoder, known, config, random);
        }
        Known checked = known.get(random.nextInt(known.size()));
        assertThat(checked.path().length()).isEqualTo(checked.tokens().length);
        assertSameLogits(lm, decoder, checked);
      }
      known.forEach(each -> decoder.release(each.path()));
      assertThat(decoder.statistics().livePaths()).isZero();
      assertThat(decoder.statistics().cachedTokens()).isZero();
      assertThat(decoder.statistics().cacheBytes()).isZero();
    }
  }

  private static void appendToSome(
      BranchingDecoder decoder, List<Known> known, ModelConfig config, Random random) {
    List<Path> batch = new ArrayList<>();
    int[] tokens = random.ints(known.size(), 0, config.vocabSize()).toArray();
    int count = 0;
    for (int i = 0; i < known.size(); i++) {
      if (random.nextBoolean()) {
        int[] old = known.get(i).tokens();
        int[] grown = Arrays.copyOf(old, old.length + 1);
        grown[old.length] = tokens[count++];
        batch.add(known.get(i).path());
        known.set(i, new Known(known.get(i).path(), grown));
      }
    }
    decoder.append(batch, Arrays.copyOf(tokens, count));
  }

  private static void assertSameLogits(CausalLm lm, BranchingDecoder decoder, Known known) {
    float[] actual = decoder.nextLogits(List.of(known.path()))[0];
    TokenTree chain = TokenTree.chain(known.tokens());
    try (ForwardPass pass = lm.forward(List.of(chain), ForwardOptions.SCORE)) {
      float[] expected = pass.logits(0, chain.size() - 1);
      for (int v = 0; v < expected.length; v++) {
        assertThat((double) actual[v]).isCloseTo(expected[v], within(1e-4));
      }
    }
  }

  @Property(tries = 6)
  void aPathGetsTheSameBitsInAnyBatch(
      @ForAll @IntRange(min = 0, max = 6) int model, @ForAll long seed) {
    Random random = new Random(seed);
    ModelConfig config = TestModels.all().get(model);
    try (CausalLm lm = engine(TestModels.weights(config, seed), WeightStorage.F32);
        BranchingDecoder alone = lm.decoder(DecoderOptions.defaults());
        BranchingDecoder together = lm.decoder(DecoderOptions.defaults())) {
      int[] prompt = random.ints(70, 0, config.vocabSize()).toArray();
      List<Path> batch = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        batch.add(together.prefill(random.ints(1 + 9 * i, 0, config.vocabSize()).toArray()));
      }
      batch.add(7, together.prefill(prompt));
      Path single = alone.prefill(prompt);
      for (int i = 0; i < 10; i++) {
        int[] tokens = random.ints(batch.size(), 0, config.vocabSize()).toArray();
        together.append(batch, tokens);
        alone.append(List.of(single), new int[] {tokens[7]});
        assertThat(together.nextLogits(batch)[7]).isEqualTo(alone.nextLogits(List.of(single))[0]);
      }
    }
  }

  @Test
  void sharedTokensAreComputedAndHeldOnce() {
    ModelConfig config = TestModels.qwen2();
    try (CausalLm lm = engine(TestModels.weights(config, 1), WeightStorage.F32);
        BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      Path prompt = decoder.prefill(new int[100]);
      List<Path> forks = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        forks.add(decoder.fork(prompt, 100));
      }
      decoder.append(forks, new int[16]);
      assertThat(decoder.statistics().tokensComputed()).isEqualTo(116);
      assertThat(decoder.statistics().cachedTokens()).isEqualTo(116);
      assertThat(decoder.statistics().livePaths()).isEqualTo(17);
      forks.forEach(decoder::release);
      assertThat(decoder.statistics().cachedTokens()).isEqualTo(100);
    }
  }

  @Test
  void aFullCacheRefusesTheWholeBatch() {
    ModelConfig config = TestModels.qwen2();
    long block = KvBlock.SMALLEST * KvBlock.bytesPerToken(config);
    try (CausalLm lm = engine(TestModels.weights(config, 1), WeightStorage.F32);
        BranchingDecoder decoder = lm.decoder(new DecoderOptions(3 * block))) {
      Path first = decoder.prefill(new int[] {1, 2});
      Path second = decoder.fork(first, 2);
      Path third = decoder.fork(first, 2);
      Path fourth = decoder.fork(first, 2);
      assertThatThrownBy(
              () -> decoder.append(List.of(first, second, third, fourth), new int[] {1, 2, 3, 4}))
          .isInstanceOf(CacheFullException.class);
      assertThat(decoder.statistics().cachedTokens()).isEqualTo(2);
      decoder.append(List.of(first, second, third), new int[] {1, 2, 3});
      assertThat(decoder.statistics().cacheBytes()).isEqualTo(3 * block);
      decoder.release(second);
      decoder.append(List.of(fourth), new int[] {4});
      assertThatThrownBy(() -> decoder.prefill(new int[] {1}))
          .isInstanceOf(CacheFullException.class);
    }
  }

  @Test
  void bf16WeightsGiveTheLogitsOfRoundedWeights() {
    for (ModelConfig config : TestModels.all()) {
      Weights weights = TestModels.weights(config, 4);
      for (Parameter parameter : weights.parameters()) {
        float[] values = parameter.values();
        for (int i = 0; i < values.length; i++) {
          values[i] = Float.intBitsToFloat(Bf16Kernel.pair(0f, values[i]));
        }
      }
      int[] prompt = {3, 1, 4, 1, 5, 9, 2, 6};
      try (CausalLm exact = engine(weights, WeightStorage.F32);
          CausalLm half = engine(weights, WeightStorage.BF16);
          BranchingDecoder one = exact.decoder(DecoderOptions.defaults());
          BranchingDecoder other = half.decoder(DecoderOptions.defaults())) {
        assertThat(other.nextLogits(List.of(other.prefill(prompt)))[0])
            .isEqualTo(one.nextLogits(List.of(one.prefill(prompt)))[0]);
      }
    }
  }

  @Test
  void bf16RoundsToNearestEven() {
    assertThat(Bf16Kernel.pair(1f, -2f)).isEqualTo(0xC0003F80);
    assertThat(Bf16Kernel.pair(0f, Float.intBitsToFloat(0x3F808000))).isEqualTo(0x3F800000);
    assertThat(Bf16Kernel.pair(0f, Float.intBitsToFloat(0x3F818000))).isEqualTo(0x3F820000);
    assertThat(Bf16Kernel.pair(Float.intBitsToFloat(0x3F808001), 0f)).isEqualTo(0x00003F81);
    float nan = Float.intBitsToFloat(Bf16Kernel.pair(0f, Float.NaN));
    assertThat(nan).isNaN();
  }

  @Test
  void misuseIsNamed() {
    ModelConfig config = TestModels.qwen2();
    try (CausalLm lm = engine(TestModels.weights(config, 1), WeightStorage.F32)) {
      BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults());
      Path path = decoder.prefill(new int[] {1});
      assertThatThrownBy(() -> decoder.append(List.of(path), new int[] {53}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("token is outside the vocabulary of 53: 53");
      assertThatThrownBy(() -> decoder.append(List.of(path, path), new int[] {1, 1}))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> decoder.fork(path, 2)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> decoder.prefill(new int[4097]))
          .isInstanceOf(IllegalArgumentException.class);
      decoder.release(path);
      assertThatThrownBy(() -> decoder.nextLogits(List.of(path)))
          .isInstanceOf(IllegalArgumentException.class);
      lm.weightsChanged();
      assertThatThrownBy(() -> decoder.prefill(new int[] {1}))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  private static CausalLm engine(Weights weights, WeightStorage storage) {
    return new VectorCausalLm(weights, new VectorOptions(2, storage, false));
  }
}

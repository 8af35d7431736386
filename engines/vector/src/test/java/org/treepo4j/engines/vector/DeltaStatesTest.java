package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import org.treepo4j.model.engine.WeightStorage;

/** States of linear layers in a decoder: who holds them, what they cost, how they come back. */
class DeltaStatesTest {
  private static final ModelConfig CONFIG = TestModels.qwen3_5();
  private static final long STATE = DeltaState.bytes(CONFIG);
  private static final long BLOCK = KvBlock.SMALLEST * KvBlock.bytesPerToken(CONFIG);

  @Test
  void aForkCostsNothingUntilItIsWrittenToAndThenOneState() {
    try (CausalLm lm = engine();
        BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      Path first = decoder.prefill(new int[] {1, 2, 3});
      Path second = decoder.fork(first, 3);
      Path third = decoder.fork(first, 3);
      assertThat(decoder.statistics().cacheBytes()).isEqualTo(BLOCK + STATE);
      decoder.append(List.of(first, second), new int[] {4, 5});
      assertThat(decoder.statistics().cacheBytes()).isEqualTo(2 * BLOCK + 3 * STATE);
      decoder.append(List.of(third), new int[] {6});
      assertThat(decoder.statistics().cacheBytes()).isEqualTo(3 * BLOCK + 3 * STATE);
      List.of(first, second, third).forEach(decoder::release);
      assertThat(decoder.statistics().cacheBytes()).isZero();
    }
  }

  @Test
  void statesCountAgainstTheLimitAndAFullCacheChangesNothing() {
    try (CausalLm lm = engine();
        BranchingDecoder decoder = lm.decoder(new DecoderOptions(3 * BLOCK + 2 * STATE))) {
      Path first = decoder.prefill(new int[] {1, 2, 3});
      Path second = decoder.fork(first, 3);
      Path third = decoder.fork(first, 3);
      assertThatThrownBy(() -> decoder.append(List.of(first, second, third), new int[] {1, 2, 3}))
          .isInstanceOf(CacheFullException.class);
      assertThat(List.of(first.length(), second.length(), third.length())).containsOnly(3);
      float[] before = decoder.nextLogits(List.of(third))[0].clone();
      decoder.release(second);
      decoder.append(List.of(first), new int[] {1});
      assertThat(decoder.nextLogits(List.of(third))[0]).isEqualTo(before);
      BranchingDecoder.Prompt prompt = new BranchingDecoder.Prompt(null, new int[] {1});
      assertThatThrownBy(() -> decoder.prefill(List.of(prompt, prompt)))
          .isInstanceOf(CacheFullException.class);
      decoder.release(first);
      decoder.append(List.of(third), new int[] {1});
      assertThat(third.length()).isEqualTo(4);
    }
  }

  @Test
  void snapshotsGiveWayToPaths() {
    int tokens = 3 * DeltaStates.SPACING;
    long keys = (tokens + KvBlock.SMALLEST) * KvBlock.bytesPerToken(CONFIG);
    long limit = keys + 8 * STATE;
    try (CausalLm lm = engine();
        BranchingDecoder decoder = lm.decoder(new DecoderOptions(limit))) {
      Path path = decoder.prefill(new int[] {1});
      for (int i = 1; i <= tokens; i++) {
        decoder.append(List.of(path), new int[] {i % CONFIG.vocabSize()});
      }
      long held = decoder.statistics().cacheBytes() - keys;
      assertThat(held).as("states of the path and its snapshots").isBetween(STATE, 4 * STATE);
      List<Path> forks = new ArrayList<>(List.of(path));
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 20; i++) {
                  forks.add(decoder.prefill(new int[] {i}));
                }
              })
          .isInstanceOf(CacheFullException.class);
      long blocks = (forks.size() - 1) * BLOCK;
      assertThat(decoder.statistics().cacheBytes()).isLessThanOrEqualTo(limit);
      assertThat(decoder.statistics().cacheBytes()).isEqualTo(keys + blocks + forks.size() * STATE);
    }
  }

  @Property(tries = 12)
  void aForkMadeLateGoesOnLikeOneMadeInTimeBitForBit(
      @ForAll @IntRange(min = 1, max = 150) int prompt,
      @ForAll @IntRange(min = 1, max = 150) int more,
      @ForAll long seed) {
    Random random = new Random(seed);
    int[] text = random.ints(prompt + more, 0, CONFIG.vocabSize()).toArray();
    int cut = prompt + random.nextInt(more);
    try (CausalLm lm = engine();
        BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults());
        BranchingDecoder eager = lm.decoder(DecoderOptions.defaults())) {
      Path whole = decoder.prefill(Arrays.copyOf(text, prompt));
      Path same = eager.prefill(Arrays.copyOf(text, prompt));
      Path early = eager.fork(same, prompt);
      for (int at = prompt; at < text.length; at++) {
        if (at == cut) {
          early = eager.fork(same, cut);
        }
        decoder.append(List.of(whole), new int[] {text[at]});
        eager.append(List.of(same), new int[] {text[at]});
      }
      Path late = decoder.fork(whole, cut);
      int[] other = random.ints(5, 0, CONFIG.vocabSize()).toArray();
      for (int token : other) {
        assertThat(decoder.nextLogits(List.of(late))[0])
            .isEqualTo(eager.nextLogits(List.of(early))[0]);
        decoder.append(List.of(late), new int[] {token});
        eager.append(List.of(early), new int[] {token});
      }
      decoder.release(whole);
      decoder.release(late);
      assertThat(decoder.statistics().cacheBytes()).isZero();
    }
  }

  private static CausalLm engine() {
    return new VectorCausalLm(
        TestModels.weights(CONFIG, 5), new VectorOptions(2, WeightStorage.F32, false));
  }
}

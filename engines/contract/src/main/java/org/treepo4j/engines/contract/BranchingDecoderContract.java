package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CacheFullException;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.DecoderStatistics;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/** The laws of sampling along many paths that every engine keeps. */
public interface BranchingDecoderContract {
  /** Opens the engine under test. */
  CausalLm open(Weights weights);

  /** Whether it has the layers of a family; one that it refuses is left out. */
  default boolean runs(TinyModels family) {
    return true;
  }

  @Property(tries = 12)
  default void decoderLogprobIsForwardLogprob(@ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    int vocab = family.config().vocabSize();
    List<int[]> texts = new ArrayList<>();
    List<TokenTree> chains = new ArrayList<>();
    int steps = 6;
    for (int p = 0; p < 3; p++) {
      int[] text = random.ints(1 + random.nextInt(8) + steps, 0, vocab).toArray();
      texts.add(text);
      chains.add(TokenTree.chain(text));
    }
    try (CausalLm model = open(family.weights(seed));
        ForwardPass pass = model.forward(chains, ForwardOptions.SCORE);
        BranchingDecoder decoder = model.decoder(ample())) {
      List<BranchingDecoder.Path> paths = new ArrayList<>();
      for (int[] text : texts) {
        paths.add(decoder.prefill(Arrays.copyOf(text, text.length - steps)));
      }
      for (int step = 0; step < steps; step++) {
        float[][] logits = decoder.nextLogits(paths);
        int[] next = new int[paths.size()];
        for (int p = 0; p < paths.size(); p++) {
          int at = texts.get(p).length - steps + step;
          assertThat(paths.get(p).length()).isEqualTo(at);
          next[p] = texts.get(p)[at];
          assertThat(EngineMath.logSoftmax(logits[p], 1)[next[p]])
              .isCloseTo(pass.logprobs(p)[at], within(1e-4));
        }
        decoder.append(paths, next);
      }
      for (int p = 0; p < texts.size(); p++) {
        short[] experts = decoder.experts(paths.get(p));
        short[] expected = pass.experts(p);
        assertThat(experts).hasSameSizeAs(expected);
        long same =
            IntStream.range(0, experts.length).filter(i -> experts[i] == expected[i]).count();
        assertThat(same).isGreaterThanOrEqualTo(experts.length * 9L / 10); // some may be close
      }
    }
  }

  @Property(tries = 12)
  default void forkedPathIsTheSamePathDecodedAlone(@ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    int vocab = family.config().vocabSize();
    try (CausalLm model = open(family.weights(seed));
        BranchingDecoder decoder = model.decoder(ample());
        BranchingDecoder fresh = model.decoder(ample())) {
      List<BranchingDecoder.Path> paths = new ArrayList<>();
      List<int[]> texts = new ArrayList<>();
      texts.add(random.ints(5, 0, vocab).toArray());
      paths.add(decoder.prefill(texts.get(0)));
      for (int step = 0; step < 12; step++) {
        int donor = random.nextInt(paths.size());
        int shared = 1 + random.nextInt(texts.get(donor).length);
        paths.add(decoder.fork(paths.get(donor), shared));
        texts.add(Arrays.copyOf(texts.get(donor), shared));
        if (paths.size() > 3) {
          int gone = random.nextInt(paths.size());
          decoder.release(paths.remove(gone));
          texts.remove(gone);
        }
        int[] next = random.ints(paths.size(), 0, vocab).toArray();
        decoder.append(paths, next);
        for (int p = 0; p < next.length; p++) {
          int[] longer = Arrays.copyOf(texts.get(p), texts.get(p).length + 1);
          longer[longer.length - 1] = next[p];
          texts.set(p, longer);
        }
        paths.add(decoder.fork(paths.get(0), 1 + random.nextInt(texts.get(0).length)));
        texts.add(Arrays.copyOf(texts.get(0), paths.get(paths.size() - 1).length()));
        float[][] logits = decoder.nextLogits(paths);
        for (int p = 0; p < paths.size(); p++) {
          BranchingDecoder.Path alone = fresh.prefill(texts.get(p));
          assertThat(paths.get(p).length()).isEqualTo(alone.length());
          assertThat(logits[p]).containsExactly(fresh.nextLogits(List.of(alone))[0], within(1e-3f));
          fresh.release(alone);
        }
      }
    }
  }

  @Property(tries = 12)
  default void anExtendedPathIsThePathPrefilledWhole(@ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    int[] text = random.ints(3 + random.nextInt(40), 0, family.config().vocabSize()).toArray();
    int first = 1 + random.nextInt(text.length - 2);
    int second = first + 1 + random.nextInt(text.length - first - 1);
    try (CausalLm model = open(family.weights(seed));
        BranchingDecoder decoder = model.decoder(ample())) {
      BranchingDecoder.Path whole = decoder.prefill(text);
      BranchingDecoder.Path begin = decoder.prefill(Arrays.copyOf(text, first));
      BranchingDecoder.Path middle =
          decoder.prefill(begin, Arrays.copyOfRange(text, first, second));
      BranchingDecoder.Path end =
          decoder.prefill(middle, Arrays.copyOfRange(text, second, text.length));
      BranchingDecoder.Path other = decoder.prefill(middle, new int[] {text[0]});
      assertThat(List.of(begin.length(), middle.length(), end.length(), other.length()))
          .containsExactly(first, second, text.length, second + 1);
      assertThat(decoder.statistics().tokensComputed()).isEqualTo(2L * text.length + 1);
      assertThat(decoder.statistics().cachedTokens()).isEqualTo(2L * text.length + 1);
      decoder.release(begin);
      decoder.release(other);
      for (int step = 0; step < 3; step++) {
        float[][] logits = decoder.nextLogits(List.of(whole, end));
        assertThat(logits[1]).containsExactly(logits[0], within(1e-3f));
        decoder.append(List.of(end, whole), new int[] {step, step});
      }
      float[] afterMiddle = decoder.nextLogits(List.of(middle))[0].clone();
      BranchingDecoder.Path part = decoder.fork(whole, second);
      assertThat(afterMiddle).containsExactly(decoder.nextLogits(List.of(part))[0], within(1e-3f));
      List.of(whole, middle, end, part).forEach(decoder::release);
      assertThat(decoder.statistics().cachedTokens()).isZero();
    }
  }

  @Property(tries = 6)
  default void promptsComputedTogetherAreThePromptsComputedAlone(
      @ForAll TinyModels family, @ForAll long seed) {
    Assume.that(runs(family));
    Random random = new Random(seed);
    int vocab = family.config().vocabSize();
    try (CausalLm model = open(family.weights(seed));
        BranchingDecoder decoder = model.decoder(ample());
        BranchingDecoder fresh = model.decoder(ample())) {
      int[] beginning = random.ints(5, 0, vocab).toArray();
      BranchingDecoder.Path begun = decoder.prefill(beginning);
      List<int[]> texts = new ArrayList<>();
      List<BranchingDecoder.Prompt> prompts = new ArrayList<>();
      long tokens = 5;
      for (int p = 0; p < 16; p++) {
        boolean behind = random.nextBoolean();
        int[] more = random.ints(1 + random.nextInt(30), 0, vocab).toArray();
        int[] text = Arrays.copyOf(beginning, 5 + more.length);
        System.arraycopy(more, 0, text, 5, more.length);
        texts.add(behind ? text : more);
        prompts.add(new BranchingDecoder.Prompt(behind ? begun : null, more));
        tokens += more.length;
      }

      List<BranchingDecoder.Path> paths = decoder.prefill(prompts);

      assertThat(decoder.statistics().tokensComputed()).isEqualTo(tokens);
      assertThat(decoder.statistics().cachedTokens()).isEqualTo(tokens);
      float[][] logits = decoder.nextLogits(paths);
      for (int p = 0; p < paths.size(); p++) {
        assertThat(paths.get(p).length()).isEqualTo(texts.get(p).length);
        BranchingDecoder.Path alone = fresh.prefill(texts.get(p));
        assertThat(logits[p]).containsExactly(fresh.nextLogits(List.of(alone))[0], within(1e-3f));
        fresh.release(alone);
      }
      assertThat(decoder.prefill(List.of())).isEmpty();
    }
  }

  @Test
  default void sharedTokensAreComputedAndHeldOnce() {
    try (CausalLm model = open(TinyModels.QWEN2.weights(1));
        BranchingDecoder decoder = model.decoder(ample())) {
      assertThat(decoder.vocabSize()).isEqualTo(model.config().vocabSize());
      BranchingDecoder.Path trunk = decoder.prefill(new int[] {1, 2, 3, 4});
      BranchingDecoder.Path whole = decoder.fork(trunk, 4);
      BranchingDecoder.Path part = decoder.fork(trunk, 2);
      decoder.append(List.of(whole, part), new int[] {5, 6});
      DecoderStatistics statistics = decoder.statistics();
      assertThat(statistics.tokensComputed()).isEqualTo(6);
      assertThat(statistics.batches()).isEqualTo(1);
      assertThat(statistics.livePaths()).isEqualTo(3);
      assertThat(statistics.cachedTokens()).isEqualTo(6);
      assertThat(statistics.cacheBytes()).isPositive();
      decoder.release(whole);
      assertThat(decoder.statistics().cachedTokens()).isEqualTo(5);
      decoder.release(trunk);
      assertThat(decoder.statistics().cachedTokens()).isEqualTo(3);
      decoder.release(part);
      assertThat(decoder.statistics().cachedTokens()).isZero();
      assertThat(decoder.statistics().livePaths()).isZero();
    }
  }

  @Test
  default void refusesReleasedForeignAndRepeatedPaths() {
    try (CausalLm model = open(TinyModels.LLAMA.weights(1));
        BranchingDecoder decoder = model.decoder(ample());
        BranchingDecoder other = model.decoder(ample())) {
      BranchingDecoder.Path live = decoder.prefill(new int[] {1, 2});
      BranchingDecoder.Path released = decoder.fork(live, 2);
      decoder.release(released);
      BranchingDecoder.Path foreign = other.prefill(new int[] {1, 2});
      for (BranchingDecoder.Path bad : List.of(released, foreign)) {
        refused(() -> decoder.append(List.of(bad), new int[] {1}));
        refused(() -> decoder.nextLogits(List.of(bad)));
        refused(() -> decoder.fork(bad, 1));
        refused(() -> decoder.prefill(bad, new int[] {1}));
        refused(() -> decoder.release(bad));
      }
      refused(() -> decoder.append(List.of(live, live), new int[] {1, 2}));
      refused(() -> decoder.append(List.of(live), new int[] {1, 2}));
      refused(() -> decoder.append(List.of(live), new int[] {model.config().vocabSize()}));
      refused(() -> decoder.append(List.of(live), new int[] {-1}));
      refused(() -> decoder.prefill(new int[0]));
      refused(() -> decoder.prefill(new int[] {-1}));
      refused(() -> decoder.prefill(new int[model.config().maxPositions() + 1]));
      refused(() -> decoder.prefill(live, new int[0]));
      refused(() -> decoder.prefill(live, new int[] {-1}));
      refused(() -> decoder.prefill(live, new int[model.config().maxPositions() - 1]));
      refused(() -> decoder.fork(live, 0));
      refused(() -> decoder.fork(live, 3));
      assertThat(live.length()).isEqualTo(2);
      decoder.append(List.of(live), new int[] {3});
      assertThat(live.length()).isEqualTo(3);
    }
  }

  @Test
  default void refusesToGrowBeyondTheLongestPosition() {
    try (CausalLm model = open(TinyModels.LLAMA.weights(1));
        BranchingDecoder decoder = model.decoder(ample())) {
      BranchingDecoder.Path full = decoder.prefill(new int[model.config().maxPositions()]);
      refused(() -> decoder.append(List.of(full), new int[] {1}));
      assertThat(full.length()).isEqualTo(model.config().maxPositions());
    }
  }

  @Test
  default void aFullCacheGrowsNoPathAndRecoversOnRelease() {
    try (CausalLm model = open(TinyModels.QWEN3.weights(1));
        BranchingDecoder decoder = model.decoder(new DecoderOptions(32 << 10))) {
      List<BranchingDecoder.Path> paths = new ArrayList<>();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 1000; i++) {
                  paths.add(decoder.prefill(new int[] {1, 2, 3, 4, 5, 6, 7, 8}));
                }
              })
          .isInstanceOf(CacheFullException.class);
      assertThat(paths).isNotEmpty();
      assertThat(decoder.statistics().cacheBytes()).isLessThanOrEqualTo(32 << 10);
      assertThat(decoder.statistics().livePaths()).isEqualTo(paths.size());
      assertThatThrownBy(
              () -> {
                int[] prompt = {1, 2, 3, 4};
                decoder.prefill(
                    Collections.nCopies(1000, new BranchingDecoder.Prompt(paths.get(0), prompt)));
              })
          .isInstanceOf(CacheFullException.class);
      assertThat(decoder.statistics().livePaths()).isEqualTo(paths.size());
      int[] next = new int[paths.size()];
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 50; i++) {
                  decoder.append(paths, next);
                }
              })
          .isInstanceOf(CacheFullException.class);
      int length = paths.get(0).length();
      assertThat(paths).allMatch(path -> path.length() == length);
      decoder.release(paths.remove(paths.size() - 1));
      decoder.append(paths.subList(0, 1), new int[] {1});
      assertThat(paths.get(0).length()).isEqualTo(length + 1);
    }
  }

  @Test
  default void newWeightsReachDecodersOpenedAfterTheChange() {
    try (CausalLm model = open(TinyModels.MISTRAL.weights(1))) {
      float[] before = firstLogits(model);
      for (Parameter parameter : model.weights().parameters()) {
        for (int i = 0; i < parameter.values().length; i++) {
          parameter.values()[i] *= 1.5f;
        }
      }
      model.weightsChanged();
      float[] after = firstLogits(model);
      assertThat(after).isNotEqualTo(before);
      try (CausalLm fresh = open(model.weights())) {
        assertThat(after).containsExactly(firstLogits(fresh), within(1e-4f));
      }
    }
  }

  private static float[] firstLogits(CausalLm model) {
    try (BranchingDecoder decoder = model.decoder(ample())) {
      return decoder.nextLogits(List.of(decoder.prefill(new int[] {1, 2, 3})))[0].clone();
    }
  }

  private static DecoderOptions ample() {
    return new DecoderOptions(64 << 20);
  }

  private static void refused(Runnable call) {
    assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class);
  }
}

package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.BranchingDecoder.Path;

class PromptBeginningsTest {
  private static final int VOCABULARY = 4;

  /** The logits tell all tokens of a path. */
  private static final FakeModel SPELLING =
      new FakeModel() {
        @Override
        public int vocabSize() {
          return VOCABULARY;
        }

        @Override
        public float[] logits(int[] path) {
          return new float[] {Arrays.hashCode(path) >>> 8, path.length};
        }
      };

  @Property(tries = 300)
  void everyPromptIsComputedWhateverComesBackAndNothingStaysHeld(@ForAll long seed) {
    Random random = new Random(seed);
    List<RolloutPrompt> prompts = prompts(random, 1 + random.nextInt(12), random.nextInt(20));
    Path[] paths = new Path[prompts.size()];
    FakeDecoder decoder = new FakeDecoder(SPELLING);
    try (PromptBeginnings beginnings = new PromptBeginnings(decoder, prompts, true)) {
      for (int next = 0; next < paths.length; ) {
        int move = random.nextInt(8);
        if (move == 0 && next > 0) {
          next--;
          decoder.release(paths[next]);
          beginnings.putBack(next);
        } else if (move == 1) {
          beginnings.makeRoom();
        } else {
          paths[next] = beginnings.compute(next);
          next++;
        }
      }
      assertThat(decoder.statistics().livePaths()).isEqualTo(paths.length);
      assertThat(beginnings.computedTokens()).isEqualTo(decoder.statistics().tokensComputed());
    }
    for (int i = 0; i < paths.length; i++) {
      assertThat(decoder.nextLogits(List.of(paths[i]))[0])
          .containsExactly(SPELLING.logits(prompts.get(i).tokens()));
      decoder.release(paths[i]);
    }
    assertThat(decoder.statistics().cachedTokens()).isZero();
  }

  @Property(tries = 300)
  void aBeginningOfAllPromptsIsComputedOnce(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 12) int count) {
    Random random = new Random(seed);
    int length = 16 + random.nextInt(10);
    List<RolloutPrompt> prompts = prompts(random, count, length);
    long tokens = prompts.stream().mapToLong(prompt -> prompt.tokens().length).sum();

    assertThat(computeAll(prompts, true)).isLessThanOrEqualTo(tokens - (long) (count - 1) * length);
    assertThat(computeAll(prompts, false)).isEqualTo(tokens);
  }

  @Test
  void sharedBeginningsMayHaveSharedBeginnings() {
    List<RolloutPrompt> prompts = new ArrayList<>();
    int[] all = new int[20];
    int[] some =
        IntStream.concat(Arrays.stream(all), IntStream.generate(() -> 1).limit(20)).toArray();
    prompts.add(new RolloutPrompt("a", with(all, 2)));
    prompts.add(new RolloutPrompt("b", with(some, 2)));
    prompts.add(new RolloutPrompt("c", with(some, 3)));
    prompts.add(new RolloutPrompt("d", some));

    assertThat(computeAll(prompts, true)).isEqualTo(20 + 1 + 20 + 1 + 1);
  }

  @Test
  void fewTokensAreNotWorthAPath() {
    List<RolloutPrompt> prompts =
        List.of(
            new RolloutPrompt("a", new int[] {0, 1, 2}),
            new RolloutPrompt("b", new int[] {0, 1, 3}));

    assertThat(computeAll(prompts, true)).isEqualTo(6);
  }

  private static long computeAll(List<RolloutPrompt> prompts, boolean sharing) {
    FakeDecoder decoder = new FakeDecoder(SPELLING);
    try (PromptBeginnings beginnings = new PromptBeginnings(decoder, prompts, sharing)) {
      List<Path> paths = IntStream.range(0, prompts.size()).mapToObj(beginnings::compute).toList();
      assertThat(decoder.statistics().livePaths()).isEqualTo(paths.size());
      paths.forEach(decoder::release);
      assertThat(beginnings.computedTokens())
          .isEqualTo(decoder.statistics().tokensComputed())
          .isGreaterThanOrEqualTo(decoder.distinctTokens());
      return beginnings.computedTokens();
    }
  }

  /** Prompts that begin alike, and beyond that have few tokens of few kinds. */
  private static List<RolloutPrompt> prompts(Random random, int count, int beginning) {
    int[] common = random.ints(beginning, 0, VOCABULARY).toArray();
    List<RolloutPrompt> prompts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] rest = random.ints(1 + random.nextInt(12), 0, 2).toArray();
      int[] tokens = IntStream.concat(Arrays.stream(common), Arrays.stream(rest)).toArray();
      prompts.add(new RolloutPrompt("p" + i, tokens));
    }
    return prompts;
  }

  private static int[] with(int[] tokens, int last) {
    int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
    longer[tokens.length] = last;
    return longer;
  }
}

package org.treepo4j.rollout;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.treepo4j.rollout.DonorOrder.Donor;

/**
 * Where a fallback cuts a donor (algorithm page, 2.4): the number of response tokens that are kept,
 * less than the donor has.
 */
public enum FallbackPosition {
  /** At a uniformly chosen window border, the root included (recipe {@code random}). */
  RANDOM {
    @Override
    int cut(Donor donor, FallbackSettings settings, int window, SplittableRandom random) {
      int windows = (donor.length() + window - 1) / window;
      int most = settings.maxFallbackWindow() > 0 ? settings.maxFallbackWindow() : windows;
      int back = 1 + random.nextInt(Math.min(most, windows));
      return (windows - back) * window;
    }
  },
  /** Just before the least likely token, the first of equals (recipe {@code min_logprob_token}). */
  MIN_LOGPROB_TOKEN {
    @Override
    int cut(Donor donor, FallbackSettings settings, int window, SplittableRandom random) {
      double[] logprobs = donor.logprobs();
      int least = 0;
      for (int i = 1; i < logprobs.length; i++) {
        if (logprobs[i] < logprobs[least]) {
          least = i;
        }
      }
      return least;
    }
  },
  /** At the start of a block, less likely blocks drawn more often (recipe {@code block}). */
  BLOCK {
    @Override
    int cut(Donor donor, FallbackSettings settings, int window, SplittableRandom random) {
      return drawBlock(donor.logprobs(), settings.blockSize(), -1, random);
    }
  },
  /** At the start of a block, likelier blocks drawn more often (recipe {@code inverse_block}). */
  INVERSE_BLOCK {
    @Override
    int cut(Donor donor, FallbackSettings settings, int window, SplittableRandom random) {
      return drawBlock(donor.logprobs(), settings.blockSize(), 1, random);
    }
  },
  /** The tree starts again from the root (recipe {@code from_start}). */
  FROM_START {
    @Override
    int cut(Donor donor, FallbackSettings settings, int window, SplittableRandom random) {
      return 0;
    }
  },
  /**
   * No fallback: fewer than {@code maxWidth} trajectories are allowed (recipe {@code no_fallback}).
   */
  NONE {
    @Override
    int cut(Donor donor, FallbackSettings settings, int window, SplittableRandom random) {
      throw new IllegalStateException("no fallback is wanted");
    }
  };

  abstract int cut(Donor donor, FallbackSettings settings, int window, SplittableRandom random);

  /** Draws a block with softmax weights of {@code sign} times its mean log-probability. */
  private static int drawBlock(
      double[] logprobs, int blockSize, int sign, SplittableRandom random) {
    double[] weights = new double[(logprobs.length + blockSize - 1) / blockSize];
    for (int block = 0; block < weights.length; block++) {
      int end = Math.min(logprobs.length, (block + 1) * blockSize);
      weights[block] =
          sign * Arrays.stream(logprobs, block * blockSize, end).average().orElseThrow();
    }
    double max = Arrays.stream(weights).max().orElseThrow();
    Arrays.setAll(weights, block -> Math.exp(weights[block] - max));
    double left = random.nextDouble() * Arrays.stream(weights).sum();
    int drawn = 0;
    while (drawn < weights.length - 1 && left >= weights[drawn]) {
      left -= weights[drawn++];
    }
    return drawn * blockSize;
  }
}

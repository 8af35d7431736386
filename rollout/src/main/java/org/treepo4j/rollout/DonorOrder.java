package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/** Which finished trajectories a fallback branches, first one first (algorithm page, 2.4). */
public enum DonorOrder {
  /**
   * By preference of the finish reason, ties as they finished (recipe {@code
   * finished_first_strict}).
   */
  FINISHED_FIRST_STRICT {
    @Override
    <D extends Donor> List<D> order(List<D> finished, int minLength, SplittableRandom random) {
      List<D> donors = new ArrayList<>(finished);
      donors.sort(Comparator.comparingInt((D donor) -> -donor.finish().preference()));
      return donors;
    }
  },
  /** Drawn without replacement, weights = preference (recipe {@code finished_first}). */
  FINISHED_FIRST {
    @Override
    <D extends Donor> List<D> order(List<D> finished, int minLength, SplittableRandom random) {
      return gumbelOrder(finished, donor -> donor.finish().preference(), random);
    }
  },
  /** All, shuffled (recipe {@code random_all}). */
  RANDOM_ALL {
    @Override
    <D extends Donor> List<D> order(List<D> finished, int minLength, SplittableRandom random) {
      return shuffled(finished, donor -> true, random);
    }
  },
  /** Only those answered or ended, shuffled (recipe {@code soft_boxed_and_eos}). */
  ANSWERED_OR_EOS {
    @Override
    <D extends Donor> List<D> order(List<D> finished, int minLength, SplittableRandom random) {
      return shuffled(
          finished,
          donor -> donor.finish() == FinishReason.ANSWERED || donor.finish() == FinishReason.EOS,
          random);
    }
  },
  /** Drawn without replacement, weights = length (recipe {@code longer_first}). */
  LONGER_FIRST {
    @Override
    <D extends Donor> List<D> order(List<D> finished, int minLength, SplittableRandom random) {
      return gumbelOrder(finished, Donor::length, random);
    }
  },
  /**
   * Only answered ones of at least {@code minDonorWindows} windows, shuffled (recipe {@code
   * boxed_ge_window_N}).
   */
  ANSWERED_AT_LEAST {
    @Override
    <D extends Donor> List<D> order(List<D> finished, int minLength, SplittableRandom random) {
      return shuffled(
          finished,
          donor -> donor.finish() == FinishReason.ANSWERED && donor.length() >= minLength,
          random);
    }
  };

  /**
   * The donors in order; none when no trajectory fits.
   *
   * @param minLength least response tokens, for {@link #ANSWERED_AT_LEAST}
   */
  abstract <D extends Donor> List<D> order(
      List<D> finished, int minLength, SplittableRandom random);

  private static <D extends Donor> List<D> shuffled(
      List<D> finished, Predicate<D> wanted, SplittableRandom random) {
    List<D> donors = new ArrayList<>(finished);
    donors.removeIf(wanted.negate());
    for (int i = donors.size() - 1; i > 0; i--) {
      Collections.swap(donors, i, random.nextInt(i + 1));
    }
    return donors;
  }

  /**
   * Sorting by {@code log(weight) + Gumbel noise} draws without replacement in proportion to the
   * weights.
   */
  private static <D extends Donor> List<D> gumbelOrder(
      List<D> finished, ToDoubleFunction<D> weight, SplittableRandom random) {
    Map<D, Double> keys = new IdentityHashMap<>();
    for (D donor : finished) {
      double open = (random.nextLong(1L << 53) + 0.5) * 0x1.0p-53;
      keys.put(donor, Math.log(weight.applyAsDouble(donor)) - Math.log(-Math.log(open)));
    }
    List<D> donors = new ArrayList<>(finished);
    donors.sort(Comparator.comparingDouble((D donor) -> -keys.get(donor)));
    return donors;
  }

  /** What a fallback may know of a finished trajectory. */
  interface Donor {
    FinishReason finish();

    /** Response tokens. */
    int length();

    /** Log-probabilities of the response tokens under the distribution sampled from. */
    double[] logprobs();
  }
}

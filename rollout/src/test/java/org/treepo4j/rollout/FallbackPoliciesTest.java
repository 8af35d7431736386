package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.rollout.FinishReason.ANSWERED;
import static org.treepo4j.rollout.FinishReason.EOS;
import static org.treepo4j.rollout.FinishReason.MAX_DEPTH;
import static org.treepo4j.rollout.FinishReason.REPETITION;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.DonorOrder.Donor;

class FallbackPoliciesTest {
  private static final int DRAWS = 20_000;

  private record FixedDonor(FinishReason finish, double... logprobs) implements Donor {
    static FixedDonor of(FinishReason finish, int length) {
      return new FixedDonor(finish, new double[length]);
    }

    @Override
    public int length() {
      return logprobs.length;
    }
  }

  private final SplittableRandom random = new SplittableRandom(5);
  private final List<FixedDonor> finished =
      List.of(
          FixedDonor.of(REPETITION, 8),
          FixedDonor.of(ANSWERED, 4),
          FixedDonor.of(MAX_DEPTH, 2),
          FixedDonor.of(EOS, 1),
          FixedDonor.of(ANSWERED, 9));

  @Test
  void strictOrderIsByPreference() {
    assertThat(reasons(DonorOrder.FINISHED_FIRST_STRICT.order(finished, 0, random)))
        .containsExactly(ANSWERED, ANSWERED, EOS, MAX_DEPTH, REPETITION);
  }

  @Test
  void someOrdersTakeOnlyWhatFits() {
    assertThat(reasons(DonorOrder.ANSWERED_OR_EOS.order(finished, 0, random)))
        .containsExactlyInAnyOrder(ANSWERED, ANSWERED, EOS);
    assertThat(DonorOrder.ANSWERED_AT_LEAST.order(finished, 5, random))
        .containsExactly(finished.get(4));
    assertThat(DonorOrder.ANSWERED_AT_LEAST.order(finished, 10, random)).isEmpty();
    assertThat(DonorOrder.RANDOM_ALL.order(finished, 0, random))
        .containsExactlyInAnyOrderElementsOf(finished);
  }

  @Test
  void theFirstDonorIsDrawnInProportionToItsWeight() {
    Map<FixedDonor, Integer> byReason = firstDonors(DonorOrder.FINISHED_FIRST);
    Map<FixedDonor, Integer> byLength = firstDonors(DonorOrder.LONGER_FIRST);
    Map<FixedDonor, Integer> evenly = firstDonors(DonorOrder.RANDOM_ALL);
    int preferences = finished.stream().mapToInt(d -> d.finish().preference()).sum();
    int lengths = finished.stream().mapToInt(Donor::length).sum();

    for (FixedDonor donor : finished) {
      assertThat(byReason.get(donor) * 1.0 / DRAWS)
          .isCloseTo(donor.finish().preference() * 1.0 / preferences, closeEnough());
      assertThat(byLength.get(donor) * 1.0 / DRAWS)
          .isCloseTo(donor.length() * 1.0 / lengths, closeEnough());
      assertThat(evenly.get(donor) * 1.0 / DRAWS).isCloseTo(0.2, closeEnough());
    }
  }

  @Property(tries = 300)
  void everyCutKeepsLessThanTheDonorHas(
      @ForAll FallbackPosition position,
      @ForAll @IntRange(min = 1, max = 40) int length,
      @ForAll @IntRange(min = 1, max = 12) int window,
      @ForAll @IntRange(min = 0, max = 4) int maxWindows,
      @ForAll long seed) {
    if (position == FallbackPosition.NONE) {
      return;
    }
    SplittableRandom draws = new SplittableRandom(seed);
    double[] logprobs = draws.doubles(length, -9, 0).toArray();
    FallbackSettings settings =
        new FallbackSettings(position, DonorOrder.RANDOM_ALL, 0, maxWindows, window, 1);

    int cut = position.cut(new FixedDonor(EOS, logprobs), settings, window, draws);

    assertThat(cut).isBetween(0, length - 1);
    if (position == FallbackPosition.MIN_LOGPROB_TOKEN) {
      assertThat(logprobs[cut]).isEqualTo(Arrays.stream(logprobs).min().orElseThrow());
    } else {
      assertThat(cut % window).isZero();
    }
    if (position == FallbackPosition.RANDOM && maxWindows > 0) {
      assertThat((length - cut + window - 1) / window).isLessThanOrEqualTo(maxWindows);
    }
  }

  @Test
  void windowBordersAreDrawnEvenlyRootIncluded() {
    assertThat(cuts(FallbackPosition.RANDOM, FixedDonor.of(EOS, 10)))
        .containsOnlyKeys(0, 4, 8)
        .allSatisfy((cut, share) -> assertThat(share).isCloseTo(1 / 3.0, closeEnough()));
  }

  @Test
  void blocksAreDrawnBySoftmaxOfTheirMeanLogprob() {
    FixedDonor donor = new FixedDonor(EOS, -1, -1, -1, -1, -3, -1, -3, -1, 0, 0);
    double e1 = Math.exp(1);
    double e2 = Math.exp(2);

    Map<Integer, Double> uncertain = cuts(FallbackPosition.BLOCK, donor);
    Map<Integer, Double> confident = cuts(FallbackPosition.INVERSE_BLOCK, donor);

    assertThat(uncertain.get(0)).isCloseTo(e1 / (e1 + e2 + 1), closeEnough());
    assertThat(uncertain.get(4)).isCloseTo(e2 / (e1 + e2 + 1), closeEnough());
    assertThat(confident.get(0)).isCloseTo(1 / e1 / (1 / e1 + 1 / e2 + 1), closeEnough());
    assertThat(confident.get(8)).isCloseTo(1 / (1 / e1 + 1 / e2 + 1), closeEnough());
  }

  private Map<Integer, Double> cuts(FallbackPosition position, Donor donor) {
    FallbackSettings settings = new FallbackSettings(position, DonorOrder.RANDOM_ALL, 0, 0, 4, 1);
    Map<Integer, Double> shares = new TreeMap<>();
    for (int i = 0; i < DRAWS; i++) {
      shares.merge(position.cut(donor, settings, 4, random), 1.0 / DRAWS, Double::sum);
    }
    return shares;
  }

  private Map<FixedDonor, Integer> firstDonors(DonorOrder order) {
    Map<FixedDonor, Integer> counts = new HashMap<>();
    for (int i = 0; i < DRAWS; i++) {
      counts.merge(order.order(finished, 0, random).get(0), 1, Integer::sum);
    }
    return counts;
  }

  private static List<FinishReason> reasons(List<FixedDonor> donors) {
    return donors.stream().map(FixedDonor::finish).toList();
  }

  private static Offset<Double> closeEnough() {
    return within(0.02);
  }
}

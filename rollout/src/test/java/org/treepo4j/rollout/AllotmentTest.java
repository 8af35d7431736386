package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.AllotmentSettings.TemperatureSchedule;
import org.treepo4j.rollout.BranchingPolicy.PathScores;

class AllotmentTest {

  @Property(tries = 500)
  void everyPathGetsAtLeastOneChildAndAllAreGiven(
      @ForAll Allotment allotment,
      @ForAll @Size(min = 1, max = 20) List<@DoubleRange(min = -500, max = 0) Double> scores,
      @ForAll @IntRange(min = 0, max = 60) int spare,
      @ForAll @DoubleRange(min = 0.01, max = 20) double temperature) {
    List<PathScores> paths = scores.stream().map(s -> new PathScores(s, s, s, -s)).toList();

    int[] children = allotment.children(paths, paths.size() + spare, temperature);

    assertThat(children).hasSize(paths.size());
    assertThat(Arrays.stream(children).min().orElseThrow()).isPositive();
    assertThat(Arrays.stream(children).sum()).isEqualTo(paths.size() + spare);
  }

  @Test
  void evenGivesTheRemainderToTheLast() {
    PathScores any = new PathScores(-1, -1, -1, 1);

    assertThat(Allotment.EVEN.children(List.of(any, any, any), 8, 1)).containsExactly(2, 2, 4);
  }

  @Test
  void eachPolicyLooksAtItsOwnScore() {
    // Path 0 is the most uncertain by the sum, 1 by the mean, 2 by the last segment, 3 by entropy.
    List<PathScores> paths =
        List.of(
            new PathScores(-90, -1, -1, 1),
            new PathScores(-10, -9, -1, 1),
            new PathScores(-10, -1, -9, 1),
            new PathScores(-10, -1, -1, 9));
    double cold = 0.01;

    assertThat(Allotment.CUMULATIVE_UNCERTAIN_FIRST.children(paths, 10, cold))
        .containsExactly(7, 1, 1, 1);
    assertThat(Allotment.NORMALISED_UNCERTAIN_FIRST.children(paths, 10, cold))
        .containsExactly(1, 7, 1, 1);
    assertThat(Allotment.NODE_UNCERTAIN_FIRST.children(paths, 10, cold))
        .containsExactly(1, 1, 7, 1);
    assertThat(Allotment.ENTROPY.children(paths, 10, cold)).containsExactly(1, 1, 1, 7);
    assertThat(Allotment.CUMULATIVE_CONFIDENT_FIRST.children(paths, 10, cold))
        .containsExactly(1, 3, 3, 3);
    assertThat(Allotment.NORMALISED_CONFIDENT_FIRST.children(paths, 10, cold))
        .containsExactly(3, 1, 3, 3);
    assertThat(Allotment.NODE_CONFIDENT_FIRST.children(paths, 10, cold))
        .containsExactly(3, 3, 1, 3);
  }

  @Test
  void theRestGoesToTheLargestRemainders() {
    // Shares 1/(1+e), e/(1+e) of 3 spare children: 0.81 and 2.19.
    List<PathScores> paths = List.of(new PathScores(0, 0, 0, 0), new PathScores(-1, 0, 0, 0));

    assertThat(Allotment.CUMULATIVE_UNCERTAIN_FIRST.children(paths, 5, 1)).containsExactly(2, 3);
  }

  @Test
  void temperaturesFollowTheirSchedule() {
    AllotmentSettings settings =
        new AllotmentSettings(Allotment.EVEN, TemperatureSchedule.CONSTANT, 3, 1, 5);

    assertThat(TemperatureSchedule.CONSTANT.at(0.7, settings)).isEqualTo(3);
    assertThat(TemperatureSchedule.SINUSOID_ASCENDING.at(0, settings)).isEqualTo(1);
    assertThat(TemperatureSchedule.SINUSOID_ASCENDING.at(0.5, settings)).isEqualTo(3);
    assertThat(TemperatureSchedule.SINUSOID_ASCENDING.at(1, settings)).isEqualTo(5);
    assertThat(TemperatureSchedule.SINUSOID_DESCENDING.at(0, settings)).isEqualTo(5);
    assertThat(TemperatureSchedule.SINUSOID_DESCENDING.at(1, settings)).isEqualTo(1);
  }
}

package org.treepo4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class TreeSamplingTest {

  @Property(tries = 100)
  void theOrderHoldsEveryStepOnce(@ForAll @IntRange(max = 300) int steps) {
    List<Long> all = LongStream.range(0, steps).boxed().toList();
    assertThat(TreeSampling.spread(all)).containsExactlyInAnyOrderElementsOf(all);
  }

  @Property(tries = 100)
  void everyBeginningOfTheOrderIsSpreadEvenly(
      @ForAll @IntRange(min = 40, max = 300) int steps,
      @ForAll @IntRange(min = 3, max = 33) int kept) {
    List<Long> order = TreeSampling.spread(LongStream.range(0, steps).boxed().toList());
    List<Long> shown = order.subList(0, kept).stream().sorted().toList();
    assertThat(shown.get(0)).isZero();
    assertThat(shown.get(kept - 1)).isEqualTo(steps - 1L);
    for (int i = 1; i < kept; i++) {
      assertThat(shown.get(i) - shown.get(i - 1)).isLessThanOrEqualTo(2L * steps / (kept - 1) + 2);
    }
  }
}

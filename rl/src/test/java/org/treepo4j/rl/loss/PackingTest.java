package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class PackingTest {

  @Property
  void nothingIsLostSplitOrReorderedAndBudgetsHold(
      @ForAll List<@IntRange(min = 1, max = 50) Integer> sizes,
      @ForAll @IntRange(min = 1, max = 100) int budget) {
    List<List<Integer>> batches = Packing.byBudget(sizes, size -> size, budget);
    assertThat(batches.stream().flatMap(List::stream)).containsExactlyElementsOf(sizes);
    assertThat(batches)
        .allSatisfy(
            batch -> {
              assertThat(batch).isNotEmpty();
              assertThat(
                      batch.size() == 1
                          || batch.stream().mapToInt(Integer::intValue).sum() <= budget)
                  .isTrue();
            });
  }

  @Example
  void miniBatchesHaveTheirSize() {
    assertThat(Packing.bySize(List.of(1, 2, 3, 4, 5), 2))
        .containsExactly(List.of(1, 2), List.of(3, 4), List.of(5));
    assertThatThrownBy(() -> Packing.bySize(List.of(1), 0))
        .hasMessage("budget must be positive, was 0");
  }
}

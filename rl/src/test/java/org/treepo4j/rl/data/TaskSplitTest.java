package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TaskSplitTest {

  @Property
  void everyQuestionIsInOnePartOnce(
      @ForAll @Size(min = 2, max = 40) List<@IntRange(min = 0, max = 12) Integer> numbers,
      @ForAll long seed) {
    Set<Integer> unique = new HashSet<>(numbers);
    if (unique.size() < 2) {
      return;
    }
    List<Task> tasks = new ArrayList<>();
    for (int i = 0; i < numbers.size(); i++) {
      tasks.add(task("Is it %d?%s".formatted(numbers.get(i), " ".repeat(i % 3)), "1"));
    }
    int heldOut = unique.size() / 2;
    TaskSplit split = TaskSplit.of(tasks, heldOut, null, seed);

    assertThat(split.heldOut()).hasSize(heldOut);
    Set<String> questions = new HashSet<>();
    split.heldOut().forEach(task -> questions.add(task.prompt().text().strip()));
    split.train().forEach(task -> questions.add(task.prompt().text().strip()));
    assertThat(questions).hasSize(unique.size());
    assertThat(split.train()).hasSize(unique.size() - heldOut);
    assertThat(split.duplicates()).isEqualTo(numbers.size() - unique.size());
    assertThat(TaskSplit.of(tasks, heldOut, null, seed)).isEqualTo(split);
  }

  @Test
  void caseSpacingAndPunctuationMakeNoOtherQuestionButSignsDo() {
    TaskSplit split =
        TaskSplit.of(
            List.of(
                task("How many are left ?", "3"),
                task("how many are left?", "3"),
                task("How  many are left", "4"),
                task("3 + 4", "7"),
                task("3 - 4", "-1")),
            1,
            null,
            1);
    assertThat(split.train()).hasSize(2);
    assertThat(split.duplicates()).isEqualTo(2);
    assertThat(split.contradictions()).isOne();
  }

  @Test
  void numbersAboveTheLimitOrNotWholeAreLeftOut() {
    TaskSplit split =
        TaskSplit.of(
            List.of(
                task("200 and 1", "3"),
                task("201 of a", "3"),
                task("1,000 of b", "3"),
                task("2.5 of c", "3"),
                task("2.0 of d", "3"),
                task("two of e", "0.5")),
            1,
            200,
            1);
    assertThat(split.unfit()).isEqualTo(4);
    assertThat(split.train()).hasSize(1);
  }

  @Test
  void somethingMustBeLeftToLearnFrom() {
    assertThatThrownBy(() -> TaskSplit.of(List.of(task("a", "1")), 1, null, 1))
        .hasMessage("held out must be fewer than the 1 tasks there are, was 1");
  }

  private static Task task(String prompt, String answer) {
    return Task.of("t", prompt, answer);
  }
}

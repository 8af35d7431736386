package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.base.settings.Settings;

class TaskSourceLawsTest {

  @Property(tries = 50)
  void aResumedRowGoesOnAsTheUninterruptedOne(
      @ForAll long seed, @ForAll @IntRange(max = 5000) int position) {
    TaskSource whole =
        new WeightedTasks(List.of(tasks("a", 7), tasks("b", 40)), List.of(1.0, 3.0), seed);
    for (int i = 0; i < position; i += 101) {
      whole.at(i);
    }
    TaskSource resumed =
        new WeightedTasks(List.of(tasks("a", 7), tasks("b", 40)), List.of(1.0, 3.0), seed);
    for (int i = position; i < position + 50; i++) {
      assertThat(resumed.at(i)).isEqualTo(whole.at(i));
    }
  }

  @Property(tries = 20)
  void filesAreDrawnFromByWeight(@ForAll long seed) {
    TaskSource source =
        new WeightedTasks(
            List.of(tasks("a", 5), tasks("b", 500), tasks("c", 50)), List.of(1.0, 1.0, 2.0), seed);
    long[] drawn = new long[3];
    for (int i = 0; i < 4000; i++) {
      drawn[source.at(i).id().charAt(0) - 'a']++;
    }
    assertThat(drawn[0] / 4000.0).isCloseTo(0.25, within(1e-9));
    assertThat(drawn[2] / 4000.0).isCloseTo(0.5, within(1e-9));
  }

  @Property(tries = 20)
  void aPassHoldsEveryTaskOnce(@ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int size) {
    TaskSource source = new ShuffledTasks(tasks("a", size), seed);
    for (int pass = 0; pass < 3; pass++) {
      Set<String> seen = new HashSet<>();
      for (int i = 0; i < size; i++) {
        seen.add(source.at((long) pass * size + i).id());
      }
      assertThat(seen).hasSize(size);
    }
  }

  @Test
  void theTemplateGoesAroundTheQuestion() {
    PromptTemplate template = new PromptTemplate("Q: {prompt}\nA:", "Be brief.", true);
    Task task = template.apply(Task.of("t", "1+1", "2"));
    assertThat(task.prompt())
        .isEqualTo(
            new Prompt.Conversation(
                List.of(
                    new ChatMessage("system", "Be brief."),
                    new ChatMessage("user", "Q: 1+1\nA:"))));
    assertThat(template.apply(task).prompt().text()).contains("Q: Q: 1+1");
    assertThat(PromptTemplate.defaults().apply(Task.of("t", "1+1", "2")))
        .isEqualTo(Task.of("t", "1+1", "2"));
    assertThatThrownBy(() -> new PromptTemplate("x", null, false)).hasMessageStartingWith("text");
  }

  @Test
  void settingsNameTheCulprit() {
    assertThatThrownBy(
            () ->
                new DataSettings(
                    List.of(Path.of("a")),
                    List.of(1.0, 2.0),
                    List.of(),
                    FieldMapping.defaults(),
                    PromptTemplate.defaults(),
                    0,
                    PoolSettings.defaults()))
        .hasMessageStartingWith("weights must be one for each file");
    assertThatThrownBy(() -> new FieldMapping("a", null, null)).hasMessageStartingWith("answer");
  }

  @Test
  void poolsRefuseTasksTheyCannotTellApart() {
    DataSettings settings = Settings.of(DataSettings.class).set("pools.enabled", true).build();
    List<TaskFile> twice =
        List.of(
            new TaskFile(Path.of("x/t.jsonl"), tasks("t", 3), 0),
            new TaskFile(Path.of("y/t.jsonl"), tasks("t", 3), 0));
    assertThatThrownBy(() -> settings.source(twice, 1))
        .hasMessage(
            "data.pools: two tasks have the id t0; give each file of data.train another name");
    assertThat(DataSettings.defaults().source(twice, 1).at(0)).isNotNull();
  }

  private static List<Task> tasks(String name, int count) {
    return IntStream.range(0, count).mapToObj(i -> Task.of(name + i, "p", "a")).toList();
  }
}

package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
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
      assertThat(resumed.at(i)).isEqualTo(whole.at(i));
    }
    assertThat(resumed.at(position / 2)).isEqualTo(whole.at(position / 2));
  }

  @Property(tries = 200)
  void afterAnyNumberOfDrawsEveryFilesShareIsRightToWithinOne(
      @ForAll @Size(min = 1, max = 12) List<@DoubleRange(min = -6, max = 6) Double> logWeights) {
    List<Double> weights = logWeights.stream().map(log -> Math.pow(10, log)).toList();
    WeightedTasks source = of(weights, 7);
    double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
    long[] drawn = new long[weights.size()];
    double worst = 0;
    for (int n = 1; n <= 3000; n++) {
      drawn[source.fileAt(n - 1)]++;
      for (int file = 0; file < drawn.length; file++) {
        worst = Math.max(worst, Math.abs(drawn[file] - n * weights.get(file) / sum));
      }
    }
    assertThat(worst).isLessThan(1);
  }

  @Test
  void aFileOfAMillionthIsDrawnFromOnceInAMillionDraws() {
    List<Double> weights = List.of(0.7 - 1e-6, 1e-6, 0.3);
    WeightedTasks source = of(weights, 7);
    long[] drawn = new long[3];
    for (int n = 1; n <= 10_000_000; n++) {
      drawn[source.fileAt(n - 1)]++;
      if (n % 500_000 == 0) {
        for (int file = 0; file < drawn.length; file++) {
          assertThat((double) drawn[file]).isCloseTo(n * weights.get(file), within(1.0));
        }
      }
    }
    assertThat(drawn[1]).isBetween(9L, 11L);
  }

  @Property(tries = 20)
  void everyFileGoesThroughAllItsTasksBeforeOneComesAgain(@ForAll long seed) {
    List<List<Task>> files = List.of(tasks("a", 5), tasks("b", 50), tasks("c", 20));
    TaskSource source = new WeightedTasks(files, List.of(1.0, 1.0, 2.0), seed);
    Map<Character, List<String>> drawn = new HashMap<>();
    for (int i = 0; i < 400; i++) {
      String id = source.at(i).id();
      drawn.computeIfAbsent(id.charAt(0), file -> new ArrayList<>()).add(id);
    }
    assertThat(drawn.get('a')).hasSize(100);
    assertThat(drawn.get('c')).hasSize(200);
    assertThat(drawn.get('a').subList(5, 10)).doesNotHaveDuplicates();
    assertThat(drawn.get('b').subList(0, 50)).doesNotHaveDuplicates();
    assertThat(drawn.get('c').subList(20, 40)).doesNotHaveDuplicates();
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

  /** One task in each file. */
  private static WeightedTasks of(List<Double> weights, long seed) {
    return new WeightedTasks(weights.stream().map(w -> tasks("t", 1)).toList(), weights, seed);
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

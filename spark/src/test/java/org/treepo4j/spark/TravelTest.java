package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.data.ChatMessage;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/** What travels between driver and executors arrives as it was sent. */
class TravelTest {

  @Property(tries = 50)
  void tensorsArriveBitForBit(@ForAll @IntRange(max = 5) int arrays, @ForAll long seed)
      throws Exception {
    Random random = new Random(seed);
    List<float[]> sent = new ArrayList<>();
    for (int i = 0; i < arrays; i++) {
      float[] array = new float[random.nextInt(40_000)];
      for (int j = 0; j < array.length; j++) {
        array[j] = Float.intBitsToFloat(random.nextInt());
      }
      sent.add(array);
    }
    List<float[]> arrived = javaCopy(Tensors.of(sent)).arrays();
    assertThat(arrived).hasSameSizeAs(sent);
    for (int i = 0; i < arrays; i++) {
      assertThat(arrived.get(i)).isEqualTo(sent.get(i));
    }
  }

  @Test
  void tasksArriveWhateverTheirText() {
    for (Task task :
        List.of(
            Task.of("a#1", "2+2=\n\"ü\" \ud83d\ude00", "4"),
            Task.of("half a pair", "\ud83d", ""),
            new Task(
                "b",
                new Prompt.Conversation(
                    List.of(new ChatMessage("system", ""), new ChatMessage("user", "2+2?"))),
                "4",
                "easy",
                "tasks.jsonl"))) {
      assertThat(TreeCodec.task(TreeCodec.task(task))).isEqualTo(task);
    }
  }

  @Property(tries = 100)
  void scoredTreesArriveBitForBit(
      @ForAll long seed, @ForAll boolean sameLogprobs, @ForAll boolean experts) {
    Random random = new Random(seed);
    Task task = Task.of("task", "1+1=", "2");
    ScoredTree sent = tree(random, task, sameLogprobs);
    if (experts) {
      short[] chosen = experts(random, sent.tree().toTokenTree().size());
      sent = new ScoredTree(task, sent.tree().withExperts(chosen), sent.scores(), sent.responses());
    }
    ScoredTree arrived = TreeCodec.scored(TreeCodec.scored(sent), task);
    assertThat(arrived.scores()).isEqualTo(sent.scores());
    assertThat(arrived.responses()).isEqualTo(sent.responses());
    assertThat(arrived.tree().promptId()).isEqualTo(sent.tree().promptId());
    assertThat(arrived.tree().promptTokens()).isEqualTo(sent.tree().promptTokens());
    assertThat(arrived.tree().trajectories()).isEqualTo(sent.tree().trajectories());
    assertThat(arrived.tree().toTokenTree().experts())
        .isEqualTo(sent.tree().toTokenTree().experts());
    assertThat(arrived.tree().nodes())
        .usingRecursiveFieldByFieldElementComparator()
        .isEqualTo(sent.tree().nodes());
  }

  @Property(tries = 50)
  void trainingTreesArriveBitForBit(
      @ForAll long seed,
      @ForAll boolean reference,
      @ForAll boolean behaviour,
      @ForAll boolean experts) {
    Random random = new Random(seed);
    float[] old = floats(random, 5);
    TrainingTree sent =
        new TrainingTree(
            TokenTree.of(new int[] {5, 6, 7, 8, 9}, new int[] {-1, 0, 1, 1, 3})
                .withExperts(experts ? experts(random, 5) : null),
            new int[][] {{2}, {3, 4}},
            new double[][] {{random.nextGaussian()}, {random.nextGaussian(), -0.0}},
            old,
            reference ? floats(random, 5) : null,
            behaviour ? floats(random, 5) : null);
    TrainingTree arrived = TreeCodec.training(TreeCodec.training(sent));
    assertThat(arrived).usingRecursiveComparison().isEqualTo(sent);
  }

  @Property
  void partsOfARoundHoldEveryTaskOnceAndKeepEqualIdsTogetherInOrder(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 20) Integer> ids,
      @ForAll @IntRange(min = 1, max = 12) int most) {
    List<Task> tasks = ids.stream().map(id -> Task.of("t" + id, "p", "")).toList();
    List<List<Integer>> parts = SparkSampler.split(tasks, most);
    assertThat(parts.size()).isLessThanOrEqualTo(most);
    List<Integer> places = new ArrayList<>();
    parts.forEach(places::addAll);
    List<Integer> sorted = new ArrayList<>(places);
    Collections.sort(sorted);
    assertThat(sorted).isEqualTo(IntStream.range(0, ids.size()).boxed().toList());
    for (int id : ids) {
      List<List<Integer>> having =
          parts.stream()
              .map(part -> part.stream().filter(place -> ids.get(place) == id).toList())
              .filter(these -> !these.isEmpty())
              .toList();
      assertThat(having).hasSize(1);
      assertThat(having.get(0)).isSorted();
    }
  }

  @Property
  void aRoundGivesEveryExecutorAPartAndSeveralOnlyWhereTheyAreFull(
      @ForAll @IntRange(min = 1, max = 500) int prompts,
      @ForAll @IntRange(min = 1, max = 64) int paths,
      @ForAll @IntRange(min = 1, max = 20) int executors) {
    int parts = SparkSampler.parts(prompts, paths, executors);
    assertThat(parts).isBetween(executors, 4 * executors);
    if (parts > executors) {
      assertThat((long) prompts * paths).isGreaterThanOrEqualTo(256L * parts);
    }
  }

  private static ScoredTree tree(Random random, Task task, boolean sameLogprobs) {
    List<SegmentNode> nodes = new ArrayList<>();
    int count = 1 + random.nextInt(6);
    for (int id = 1; id <= count; id++) {
      int length = 1 + random.nextInt(4);
      double[] logprobs = random.doubles(length).toArray();
      boolean[] learned = new boolean[length];
      for (int t = 0; t < length; t++) {
        learned[t] = id % 2 == 0 || random.nextBoolean();
      }
      nodes.add(
          new SegmentNode(
              id,
              random.nextInt(id),
              random.ints(length, 0, 1000).toArray(),
              logprobs,
              sameLogprobs ? logprobs.clone() : random.doubles(length).toArray(),
              random.doubles(length).toArray(),
              random.nextInt(9),
              random.nextBoolean(),
              learned));
    }
    List<Trajectory> trajectories = new ArrayList<>();
    List<Score> scores = new ArrayList<>();
    List<String> responses = new ArrayList<>();
    for (int t = random.nextInt(4); t > 0; t--) {
      FinishReason[] reasons = FinishReason.values();
      trajectories.add(
          new Trajectory(
              1 + random.nextInt(count),
              reasons[random.nextInt(reasons.length)],
              random.nextGaussian()));
      scores.add(
          new Score(
              random.nextGaussian(),
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextBoolean() ? Optional.of("\\frac{1}{2}") : Optional.empty()));
      responses.add("text " + random.nextInt());
    }
    return new ScoredTree(
        task, new RolloutTree("task", new int[] {3, 4}, nodes, trajectories), scores, responses);
  }

  private static short[] experts(Random random, int tokens) {
    short[] experts = new short[6 * tokens];
    for (int i = 0; i < experts.length; i++) {
      experts[i] = (short) (random.nextInt(600) - 1);
    }
    return experts;
  }

  private static float[] floats(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static Tensors javaCopy(Tensors sent) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(sent);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (Tensors) in.readObject();
    }
  }
}

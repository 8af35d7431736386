package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.model.TokenTree;

class MicroBatchTest {

  @Property(tries = 200)
  void everyTokenKeepsItsPathAndBudgetsHold(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 120) int budget) {
    List<TokenTree> trees = trees(new Random(seed));

    List<MicroBatch> batches = MicroBatch.split(trees, budget);

    int next = 0;
    for (MicroBatch batch : batches) {
      List<TokenTree> merged = batch.trees();
      int tokens = merged.stream().mapToInt(TokenTree::size).sum();
      assertThat(batch.places().size() == 1 || tokens <= budget).isTrue();
      for (MicroBatch.Place place : batch.places()) {
        TokenTree tree = trees.get(next++);
        for (int t = 0; t < tree.size(); t++) {
          assertThat(prefix(merged.get(place.tree()), place.indices()[t]))
              .isEqualTo(prefix(tree, t));
        }
      }
    }
    assertThat(next).isEqualTo(trees.size());
  }

  @Property(tries = 200)
  void mergedTreesFlattenToTheTrajectoriesOfTheirParts(@ForAll long seed) {
    Random random = new Random(seed);
    List<TrainingTree> parts = new ArrayList<>();
    for (TokenTree tree : trees(random)) {
      parts.add(training(tree, random));
    }
    List<TokenTree> tokens = parts.stream().map(TrainingTree::tokens).toList();

    List<TrainingTree> merged = MicroBatch.split(tokens, 100_000).get(0).merge(parts);

    assertThat(flattened(merged)).containsExactlyInAnyOrderElementsOf(flattened(parts));
    assertThat(merged.stream().mapToLong(TrainingTree::uniqueTokens).sum())
        .isLessThanOrEqualTo(parts.stream().mapToLong(TrainingTree::uniqueTokens).sum());
  }

  @Example
  void promptsThatBeginAlikeAreOneTreeAndOthersAreNot() {
    int[] system = new int[20];
    TokenTree one = chain(system, 1, 2, 3);
    TokenTree other = chain(system, 1, 3);
    TokenTree stranger = TokenTree.chain(7, 8);

    MicroBatch batch = MicroBatch.split(List.of(one, stranger, other), 1000).get(0);

    assertThat(batch.trees()).extracting(TokenTree::size).containsExactly(24, 2);
    assertThat(batch.places()).extracting(MicroBatch.Place::tree).containsExactly(0, 1, 0);
    assertThat(MicroBatch.split(List.of(one, other), 24)).hasSize(1);
    assertThat(MicroBatch.split(List.of(one, other), 23)).hasSize(2);
  }

  @Example
  void littleInCommonAndLargeTreesStayApart() {
    int[] some = IntStream.range(1, 40).toArray();
    int[] others = IntStream.range(2, 41).toArray();
    assertThat(merged(chain(new int[1], some), chain(new int[1], others))).hasSize(2);
    assertThat(merged(chain(new int[1000], 1), chain(new int[1000], others))).hasSize(2);
    assertThatThrownBy(() -> MicroBatch.split(List.of(), 0))
        .hasMessage("budget must be positive, was 0");
  }

  @Example
  void aTokenOfSeveralTreesHasTheRecordedLogprobOfTheFirst() {
    TokenTree chain = TokenTree.chain(1, 2);
    double[][] advantages = {{1}};
    int[][] paths = {{1}};
    TrainingTree first = new TrainingTree(chain, paths, advantages, new float[] {0, -1}, null);
    TrainingTree second = new TrainingTree(chain, paths, advantages, new float[] {0, -2}, null);

    TrainingTree both =
        MicroBatch.split(List.of(chain, chain), 10).get(0).merge(List.of(first, second)).get(0);

    assertThat(both.oldLogprobs()).containsExactly(0, -1);
    assertThat(both.trajectories()).isEqualTo(2);
    assertThat(both.referenceLogprobs()).isNull();
  }

  private static List<TokenTree> merged(TokenTree... trees) {
    return MicroBatch.split(List.of(trees), 100_000).get(0).trees();
  }

  private static TokenTree chain(int[] beginning, int... rest) {
    return TokenTree.chain(
        IntStream.concat(Arrays.stream(beginning), Arrays.stream(rest)).toArray());
  }

  /** Trees of few different tokens. */
  private static List<TokenTree> trees(Random random) {
    List<TokenTree> trees = new ArrayList<>();
    for (int i = 1 + random.nextInt(8); i > 0; i--) {
      int[] tokens = random.ints(1 + random.nextInt(30), 0, 3).toArray();
      int[] parents = new int[tokens.length];
      Arrays.setAll(parents, t -> t == 0 ? -1 : Math.max(0, t - 1 - random.nextInt(3)));
      trees.add(TokenTree.of(tokens, parents));
    }
    return trees;
  }

  /**
   * Every token of the tree ends a trajectory; the log-probability of a token is told by its path.
   */
  private static TrainingTree training(TokenTree tree, Random random) {
    int[][] paths =
        IntStream.range(1, tree.size())
            .mapToObj(token -> Arrays.copyOfRange(tree.path(token), 1, tree.positions()[token] + 1))
            .toArray(int[][]::new);
    double[][] advantages =
        Arrays.stream(paths)
            .map(path -> random.doubles(path.length).toArray())
            .toArray(double[][]::new);
    float[] old = new float[tree.size()];
    float[] reference = new float[tree.size()];
    for (int t = 0; t < old.length; t++) {
      old[t] = prefix(tree, t).hashCode() % 1000;
      reference[t] = -old[t];
    }
    return new TrainingTree(tree, paths, advantages, old, reference);
  }

  private static List<List<Object>> flattened(List<TrainingTree> trees) {
    return trees.stream()
        .flatMap(tree -> tree.flattened().stream())
        .map(
            chain ->
                List.<Object>of(
                    prefix(chain.tokens(), chain.tokens().size() - 1),
                    Arrays.toString(chain.paths()[0]),
                    Arrays.toString(chain.advantages()[0]),
                    Arrays.toString(chain.oldLogprobs()),
                    Arrays.toString(chain.referenceLogprobs())))
        .toList();
  }

  private static List<Integer> prefix(TokenTree tree, int token) {
    return Arrays.stream(tree.path(token)).mapToObj(i -> tree.tokens()[i]).toList();
  }
}

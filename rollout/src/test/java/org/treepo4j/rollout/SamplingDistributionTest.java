package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.apache.commons.math3.stat.inference.ChiSquareTest;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.RolloutSettings.RolloutKind;

/**
 * A trajectory of a tree, picked without looking at how it came out, follows the model's own
 * distribution over sequences, as an independent sample does (fixed branching, no fallback).
 */
class SamplingDistributionTest {
  private static final int EOS = 0;
  private static final int PROMPT = 1;
  private static final int MOST_TOKENS = 4;
  private static final int SEEDS = 20_000;
  private static final float[][] TABLE = {{0, 0, 0}, {-0.5f, 0.6f, 0.1f}, {0.4f, 1.1f, -0.3f}};

  @Test
  void theFirstBranchOfEveryNodeFollowsTheModel() {
    assertThat(pValue(RolloutKind.TREE, choices -> 0)).isGreaterThan(0.001);
  }

  @Test
  void theLastBranchOfEveryNodeFollowsTheModel() {
    assertThat(pValue(RolloutKind.TREE, choices -> choices - 1)).isGreaterThan(0.001);
  }

  @Test
  void arbitraryBranchesFollowTheModel() {
    Random random = new Random(17);
    assertThat(pValue(RolloutKind.TREE, random::nextInt)).isGreaterThan(0.001);
  }

  @Test
  void independentSamplesFollowTheModel() {
    Random random = new Random(18);
    assertThat(pValue(RolloutKind.INDEPENDENT, random::nextInt)).isGreaterThan(0.001);
  }

  @Test
  void theTestWouldNoticeAnotherModel() {
    float[][] other = TABLE.clone();
    other[1] = new float[] {-0.5f, 0.5f, 0.1f};
    Map<String, Double> expected = new LinkedHashMap<>();
    enumerate(other, new ArrayList<>(), PROMPT, 1, expected);

    assertThat(pValue(expected, RolloutKind.TREE, choices -> 0)).isLessThan(0.001);
  }

  private static double pValue(RolloutKind kind, Function<Integer, Integer> choice) {
    Map<String, Double> expected = new LinkedHashMap<>();
    enumerate(TABLE, new ArrayList<>(), PROMPT, 1, expected);
    return pValue(expected, kind, choice);
  }

  private static double pValue(
      Map<String, Double> expected, RolloutKind kind, Function<Integer, Integer> choice) {
    Settings settings = new Settings();
    settings.kind = kind;
    settings.maxWidth = 4;
    settings.segmentLength = 1;
    settings.maxDepth = MOST_TOKENS;
    settings.fallback = settings.fallback.withPosition(FallbackPosition.NONE);
    TreeSampler sampler =
        new TreeSampler(settings.build(), TokenText.NONE, id -> true, new int[] {EOS}, 100);
    List<RolloutPrompt> prompt = List.of(new RolloutPrompt("p", new int[] {PROMPT}));
    FakeDecoder decoder = new FakeDecoder(FakeModel.markov(TABLE));
    List<String> outcomes = new ArrayList<>(expected.keySet());
    long[] observed = new long[outcomes.size()];
    for (int seed = 0; seed < SEEDS; seed++) {
      RolloutTree tree = sampler.sample(decoder, prompt, seed, 0, 0).trees().get(0);
      observed[outcomes.indexOf(walk(tree, choice))]++;
    }
    double[] wanted = expected.values().stream().mapToDouble(p -> p * SEEDS).toArray();
    assertThat(Arrays.stream(wanted).min().orElseThrow()).isGreaterThan(5);
    return new ChiSquareTest().chiSquareTest(wanted, observed);
  }

  /** Descends from the root; at each node the choice sees only the number of children. */
  private static String walk(RolloutTree tree, Function<Integer, Integer> choice) {
    List<Integer> response = new ArrayList<>();
    int at = 0;
    while (true) {
      int parent = at;
      List<SegmentNode> children =
          tree.nodes().stream().filter(node -> node.parent() == parent).toList();
      if (children.isEmpty()) {
        return response.toString();
      }
      SegmentNode child = children.get(choice.apply(children.size()));
      response.add(child.tokens()[0]);
      at = child.id();
    }
  }

  private static void enumerate(
      float[][] table, List<Integer> prefix, int last, double p, Map<String, Double> outcomes) {
    if (prefix.size() == MOST_TOKENS || (last == EOS && !prefix.isEmpty())) {
      outcomes.put(prefix.toString(), p);
      return;
    }
    double sum = 0;
    for (float logit : table[last]) {
      sum += Math.exp(logit);
    }
    for (int token = 0; token < table.length; token++) {
      List<Integer> longer = new ArrayList<>(prefix);
      longer.add(token);
      enumerate(table, longer, token, p * Math.exp(table[last][token]) / sum, outcomes);
    }
  }
}

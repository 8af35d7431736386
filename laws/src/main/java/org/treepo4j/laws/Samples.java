package org.treepo4j.laws;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * What the laws are tried on. Everything shrinks: towards few segments of one token 0, rewards of
 * 0, short texts, so that a broken law is shown on the smallest tree that breaks it.
 */
public final class Samples {
  /** Token ids of rollout trees: so few that siblings often begin alike. */
  public static final int VOCABULARY = 4;

  private static final int MAX_SEGMENTS = 14;
  private static final int MAX_TREES = 4;

  /**
   * A segment as it is generated.
   *
   * @param back how many segments before the last one its parent stands, 0 for a chain
   * @param end 0..9: a leaf ends a trajectory unless 9, an inner node only with 8
   * @param seed of its log-probabilities
   */
  private record Segment(int back, List<Integer> tokens, int end, int reward, int seed) {}

  private Samples() {}

  /**
   * Rollout trees of any shape with rewards: chains of single children, paths of different depth,
   * trajectories that end at inner nodes of others or two at one node, nodes no trajectory passes,
   * prompts with one trajectory, siblings that begin alike or are the same. Rewards are 0 and 1, or
   * any within ±2.
   */
  public static Arbitrary<RolloutTree> rolloutTrees() {
    Arbitrary<Segment> segment =
        Combinators.combine(
                Arbitraries.integers().between(0, 3),
                Arbitraries.integers().between(0, VOCABULARY - 1).list().ofMinSize(1).ofMaxSize(4),
                Arbitraries.integers().between(0, 9),
                Arbitraries.integers().between(-200, 200),
                Arbitraries.integers().between(0, 1 << 16))
            .as(Segment::new);
    return Combinators.combine(
            Arbitraries.integers().between(0, VOCABULARY - 1).list().ofMinSize(1).ofMaxSize(3),
            segment.list().ofMinSize(1).ofMaxSize(MAX_SEGMENTS),
            Arbitraries.of(true, false),
            Arbitraries.frequency(Tuple.of(9, false), Tuple.of(1, true)))
        .as(Samples::tree);
  }

  /** Batches of one to four trees, whose prompts are called p1, p2 and so on. */
  public static Arbitrary<List<RolloutTree>> batches() {
    return rolloutTrees()
        .list()
        .ofMinSize(1)
        .ofMaxSize(MAX_TREES)
        .map(
            trees -> {
              List<RolloutTree> named = new ArrayList<>();
              for (RolloutTree tree : trees) {
                named.add(
                    new RolloutTree(
                        "p" + (named.size() + 1),
                        tree.promptTokens(),
                        tree.nodes(),
                        tree.trajectories()));
              }
              return List.copyOf(named);
            });
  }

  /** Mini-batches with advantages and the outcome of a forward pass. */
  public static Arbitrary<ScoredTrees> scoredTrees() {
    return Combinators.combine(batches(), Arbitraries.integers().between(0, Integer.MAX_VALUE))
        .as((batch, seed) -> ScoredTrees.of(batch, seed));
  }

  /** Token trees of up to so many tokens, most of which continue a path. */
  public static Arbitrary<TokenTree> tokenTrees(int vocabulary, int maxSize) {
    Arbitrary<Tuple.Tuple2<Integer, Integer>> token =
        Combinators.combine(
                Arbitraries.integers().between(0, vocabulary - 1),
                Arbitraries.frequency(
                    Tuple.of(3, 0), Tuple.of(1, 1), Tuple.of(1, 2), Tuple.of(1, 5)))
            .as(Tuple::of);
    return token
        .list()
        .ofMinSize(1)
        .ofMaxSize(maxSize)
        .map(
            tokens -> {
              int[] parents = new int[tokens.size()];
              Arrays.setAll(parents, i -> i == 0 ? -1 : Math.max(0, i - 1 - tokens.get(i).get2()));
              return TokenTree.of(tokens.stream().mapToInt(Tuple.Tuple2::get1).toArray(), parents);
            });
  }

  /** Weights of tiny models of every family. */
  public static Arbitrary<Weights> tinyModels() {
    return Combinators.combine(
            Arbitraries.of(TinyModels.class), Arbitraries.longs().between(0, 1 << 20))
        .as(TinyModels::weights);
  }

  /** Texts that tokenizers stumble over: any Unicode, runs of spaces, digits, contractions. */
  public static Arbitrary<String> texts() {
    Arbitrary<String> words =
        Arbitraries.of(
            "a",
            "the ",
            " world",
            "  two",
            "'s",
            "I'LL",
            " don't",
            "123",
            "3.14",
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            "\u00a0",
            "\u3000",
            "!!!",
            "_x",
            "é",
            "e\u0301",
            "ﬁ",
            "한국어",
            "日本語",
            "កាន់",
            "🦙",
            "👩‍👩‍👧",
            "\u200d",
            "<s>",
            "<|im_start|>",
            "▁",
            "Ġ",
            "\u0000");
    Arbitrary<String> letters = Arbitraries.strings().withCharRange('a', 'z').ofMaxLength(6);
    Arbitrary<String> characters =
        Arbitraries.integers()
            .between(0x20, 0x1FFFF)
            .filter(c -> Character.isDefined(c) && Character.getType(c) != Character.SURROGATE)
            .map(Character::toString);
    return Arbitraries.frequencyOf(
            Tuple.of(5, words), Tuple.of(3, letters), Tuple.of(2, characters))
        .list()
        .ofMaxSize(20)
        .map(parts -> String.join("", parts));
  }

  private static RolloutTree tree(
      List<Integer> prompt, List<Segment> segments, boolean outcomes, boolean twice) {
    List<SegmentNode> nodes = new ArrayList<>();
    Set<Integer> parents = new HashSet<>();
    for (Segment segment : segments) {
      int id = nodes.size() + 1;
      int parent = Math.max(0, id - 1 - segment.back());
      parents.add(parent);
      nodes.add(node(id, parent, segment));
    }
    List<Trajectory> trajectories = new ArrayList<>();
    for (int id = 1; id <= nodes.size(); id++) {
      Segment segment = segments.get(id - 1);
      boolean leaf = !parents.contains(id);
      if (leaf ? segment.end() != 9 : segment.end() == 8) {
        trajectories.add(trajectory(id, segment.reward(), outcomes));
      }
    }
    if (trajectories.isEmpty()) {
      trajectories.add(trajectory(nodes.size(), segments.get(0).reward(), outcomes));
    }
    if (twice) {
      Trajectory first = trajectories.get(0);
      trajectories.add(first.withReward(outcomes ? 1 - first.reward() : -first.reward()));
    }
    return new RolloutTree(
        "p", prompt.stream().mapToInt(Integer::intValue).toArray(), nodes, trajectories);
  }

  private static Trajectory trajectory(int leaf, int reward, boolean outcomes) {
    double value = outcomes ? (reward > 0 ? 1 : 0) : reward / 100.0;
    return new Trajectory(leaf, FinishReason.ANSWERED, value);
  }

  private static SegmentNode node(int id, int parent, Segment segment) {
    int[] tokens = segment.tokens().stream().mapToInt(Integer::intValue).toArray();
    SplittableRandom random = new SplittableRandom(segment.seed());
    double[] logprobs = new double[tokens.length];
    Arrays.setAll(logprobs, i -> -3 * random.nextDouble());
    return new SegmentNode(
        id, parent, tokens, logprobs, logprobs.clone(), new double[tokens.length]);
  }
}

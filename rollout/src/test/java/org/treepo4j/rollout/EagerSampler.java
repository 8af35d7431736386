package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenDraws;
import org.treepo4j.model.TokenSampler;

/**
 * Tree sampling as the algorithm page tells it and nothing else: one prompt after the other, one
 * path after the other, and every path computes its prompt and all its tokens anew. The reference
 * that sharing is held against.
 */
final class EagerSampler {
  private final RolloutSettings settings;
  private final TokenText text;
  private final IntPredicate vocabulary;
  private final int[] eosTokenIds;
  private final int maxPathTokens;

  EagerSampler(
      RolloutSettings settings,
      TokenText text,
      IntPredicate vocabulary,
      int[] eosTokenIds,
      int maxPathTokens) {
    this.settings = settings;
    this.text = text;
    this.vocabulary = vocabulary;
    this.eosTokenIds = eosTokenIds;
    this.maxPathTokens = maxPathTokens;
  }

  /** Prompts must have different ids. */
  List<RolloutTree> sample(
      BranchingDecoder decoder,
      List<RolloutPrompt> prompts,
      long seed,
      long step,
      double trainingProgress) {
    AllotmentSettings allotment = settings.allotment();
    int budgetPrompts = settings.budget().prompts();
    RolloutPlan plan =
        new RolloutPlan(
            settings,
            new StopRules(settings, eosTokenIds),
            text,
            new RandomStreams(seed, step),
            allotment.policy(),
            allotment.schedule().at(trainingProgress, allotment),
            budgetPrompts > 0 ? budgetPrompts : prompts.size(),
            maxPathTokens,
            false);
    SamplingRule rule = settings.sampling().rule(decoder.vocabSize(), vocabulary);
    TokenSampler sampler = decoder.sampler();
    return prompts.stream()
        .map(prompt -> new OnePrompt(prompt, plan, decoder, sampler, rule).grow())
        .toList();
  }

  /** A path and the response tokens it begins behind. */
  private record Begun(ActivePath path, int[] prefix) {}

  private static final class OnePrompt {
    private final RolloutPrompt prompt;
    private final RolloutPlan plan;
    private final RolloutSettings settings;
    private final BranchingDecoder decoder;
    private final TokenSampler sampler;
    private final SamplingRule rule;
    private final SplittableRandom random;
    private final DivergenceBudget budget;
    private final GrowingNode root = GrowingNode.root();
    private final List<FinishedPath> finished = new ArrayList<>();
    private int branches;

    OnePrompt(
        RolloutPrompt prompt,
        RolloutPlan plan,
        BranchingDecoder decoder,
        TokenSampler sampler,
        SamplingRule rule) {
      this.prompt = prompt;
      this.plan = plan;
      this.settings = plan.settings();
      this.decoder = decoder;
      this.sampler = sampler;
      this.rule = rule;
      random = new SplittableRandom(plan.streams().stream(prompt.id(), 0, 0));
      budget = new DivergenceBudget(settings, plan.budgetPrompts(), random);
    }

    RolloutTree grow() {
      List<Begun> step = new ArrayList<>();
      begin(step, root, budget.initial(), false);
      int fruitless = 0;
      int finishedAtFallback = -1;
      while (!step.isEmpty()) {
        List<Begun> next = new ArrayList<>();
        List<GrowingNode> leaves = new ArrayList<>();
        int before = finished.size();
        for (Begun begun : step) {
          sampleSegment(begun.path(), begun.prefix());
        }
        for (Begun begun : step) {
          judge(begun.path(), leaves);
        }
        if (!leaves.isEmpty()) {
          branch(leaves, finished.size() - before, next);
        } else {
          fruitless = finished.size() == finishedAtFallback ? fruitless + 1 : 0;
          finishedAtFallback = finished.size();
          int missing = budget.missing(finished.size(), finishedTokens());
          if (missing > 0 && fruitless < 16) {
            fallBack(missing, next);
          }
        }
        step = next;
      }
      return root.toTree(prompt, finished);
    }

    private void begin(List<Begun> step, GrowingNode node, int paths, boolean fallback) {
      for (int i = 0; i < paths; i++) {
        branches++;
        int most = Math.min(settings.segmentLength(), plan.mostResponseTokens(prompt) - node.end());
        long stream = plan.streams().stream(prompt.id(), 0, branches);
        ResponseText response = ResponseText.of(plan.text(), node);
        step.add(
            new Begun(
                new ActivePath(node, branches, fallback, stream, most, plan.rules(), response),
                node.response()));
      }
    }

    private void sampleSegment(ActivePath path, int[] prefix) {
      BranchingDecoder.Path keys = decoder.prefill(prompt.tokens());
      for (int token : prefix) {
        decoder.append(List.of(keys), new int[] {token});
      }
      while (true) {
        TokenDraws draws = new TokenDraws();
        draws.add(0, path.uniform(), rule);
        path.take(sampler.draw(List.of(keys), draws), 0);
        if (path.isComplete()) {
          break;
        }
        decoder.append(List.of(keys), new int[] {path.lastToken()});
      }
      decoder.release(keys);
    }

    private void judge(ActivePath path, List<GrowingNode> leaves) {
      GrowingNode leaf = path.seal();
      FinishReason finish =
          plan.rules()
              .classify(path.text(), leaf.end(), plan.mostResponseTokens(prompt), path.ended());
      if (finish == null) {
        leaves.add(leaf);
      } else if (leaf.end() >= settings.minTrajectoryTokens()) {
        finished.add(
            new FinishedPath(
                leaf, finish, leaf.response(), path.text().finish(), null, new short[0]));
      }
    }

    private void branch(List<GrowingNode> leaves, int finishedInStep, List<Begun> next) {
      double mean = leaves.stream().mapToInt(GrowingNode::end).average().orElseThrow();
      int total =
          budget.step(leaves.size(), finished.size(), finishedInStep, finishedTokens(), mean);
      List<BranchingPolicy.PathScores> scores = leaves.stream().map(GrowingNode::scores).toList();
      int[] children = settings.allotment().policy().children(scores, total, plan.temperature());
      for (int i = 0; i < children.length; i++) {
        begin(next, leaves.get(i), children[i], false);
      }
    }

    private void fallBack(int missing, List<Begun> next) {
      FallbackSettings fallback = settings.fallback();
      int window = settings.fallbackWindow();
      List<FinishedPath> donors =
          fallback.donors().order(finished, fallback.minDonorWindows() * window, random);
      if (donors.isEmpty()) {
        begin(next, root, Math.min(budget.branching(), missing), true);
      }
      int left = missing;
      for (FinishedPath donor : donors) {
        int children = Math.min(budget.branching(), left);
        begin(next, donor.leaf().at(cut(donor, fallback, window)), children, true);
        left -= children;
        if (left == 0 || fallback.position() == FallbackPosition.FROM_START) {
          break;
        }
      }
    }

    private int cut(FinishedPath donor, FallbackSettings fallback, int window) {
      if (donor.length() < window) {
        return 0;
      }
      int cut = fallback.position().cut(donor, fallback, window, random);
      int deepest = (settings.maxDepth() - 1) * settings.segmentLength();
      return cut > deepest ? deepest : cut;
    }

    private long finishedTokens() {
      return finished.stream().mapToLong(FinishedPath::length).sum();
    }
  }
}

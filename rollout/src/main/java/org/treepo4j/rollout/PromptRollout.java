package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.treepo4j.model.BranchingDecoder;

/**
 * The tree of one prompt as it grows (algorithm page, section 2). It offers rows to the scheduler;
 * when the last path of a step has its segment, the step is judged and the next one begins. It
 * knows nothing of other prompts.
 */
final class PromptRollout {
  /** Fallbacks in a row whose every path was dropped as too short, before giving up. */
  private static final int MAX_FRUITLESS_FALLBACKS = 16;

  private final RolloutPrompt prompt;
  private final int occurrence;
  private final RolloutPlan plan;
  private final HeldPaths held;
  private final int mostTokens;

  private PromptCounts counts;
  private SplittableRandom random;
  private DivergenceBudget budget;
  private GrowingNode root;
  private BranchingDecoder.Path rootKeys;
  private final List<FinishedPath> finished = new ArrayList<>();
  private long finishedTokens;
  private int branches;

  /** Paths of the present step in order, complete or not. */
  private List<ActivePath> step = new ArrayList<>();

  private final Map<ActivePath, BranchingDecoder.Path> keysOf = new IdentityHashMap<>();
  private final List<Row> rows = new ArrayList<>();
  private int fruitlessFallbacks;
  private int finishedAtFallback;
  private RolloutTree tree;

  /**
   * @param occurrence how many prompts of the batch before this one have the same id
   */
  PromptRollout(RolloutPrompt prompt, int occurrence, RolloutPlan plan, BranchingDecoder decoder) {
    this.prompt = prompt;
    this.occurrence = occurrence;
    this.plan = plan;
    held = new HeldPaths(decoder);
    mostTokens = plan.mostResponseTokens(prompt);
    reset();
  }

  /** Lets go of all that has grown; {@link #start} then begins the same tree again. */
  void reset() {
    release();
    counts = new PromptCounts(plan.settings());
    random = new SplittableRandom(plan.streams().stream(prompt.id(), occurrence, 0));
    budget = new DivergenceBudget(plan.settings(), plan.budgetPrompts(), random);
    root = GrowingNode.root();
    finished.clear();
    finishedTokens = 0;
    branches = 0;
    step.clear();
    keysOf.clear();
    rows.clear();
    fruitlessFallbacks = 0;
    finishedAtFallback = -1;
  }

  /** Releases what is held of the decoder. */
  void release() {
    held.close();
  }

  RolloutPrompt prompt() {
    return prompt;
  }

  /** Computes the prompt and begins the first step; after a failure {@link #reset} is due. */
  void start() {
    counts.start();
    int paths = budget.initial();
    rootKeys = held.prefill(prompt.tokens());
    if (plan.settings().kind() == RolloutKind.INDEPENDENT && !plan.settings().sharePrompt()) {
      grow(root, rootKeys, 1, false);
      for (int i = 1; i < paths; i++) {
        grow(root, held.prefill(prompt.tokens()), 1, false);
      }
    } else {
      grow(root, forkRoot(), paths, false);
    }
  }

  /** Rows that can be advanced now. */
  List<Row> rows() {
    return rows;
  }

  /** Paths these rows branch into. */
  int activePaths() {
    return rows.stream().mapToInt(row -> row.paths().size()).sum();
  }

  boolean isDone() {
    return tree != null;
  }

  /** The grown tree, once done. */
  RolloutTree tree() {
    return tree;
  }

  PromptCounts counts() {
    return counts;
  }

  /** Every path of a row has sampled a token: forks them apart and ends the step if it is over. */
  void advanced(Row row) {
    if (row.paths().size() == 1 && !row.paths().get(0).isComplete()) {
      row.setPending(row.paths().get(0).lastToken());
      return;
    }
    rows.remove(row);
    for (int i = 0; i < row.paths().size(); i++) {
      ActivePath path = row.paths().get(i);
      BranchingDecoder.Path keys = i == 0 ? row.keys() : held.fork(row.keys(), row.keys().length());
      keysOf.put(path, keys);
      if (!path.isComplete()) {
        rows.add(new Row(this, keys, path.lastToken(), List.of(path)));
      }
    }
    if (rows.isEmpty()) {
      endStep();
    }
  }

  private void endStep() {
    List<ActivePath> ending = step;
    step = new ArrayList<>();
    List<ActivePath> active = new ArrayList<>();
    List<GrowingNode> leaves = new ArrayList<>();
    int finishedBefore = finished.size();
    for (ActivePath path : ending) {
      GrowingNode leaf = path.seal();
      counts.sampled(leaf);
      FinishReason finish =
          plan.rules().classify(path.text(), leaf.end(), mostTokens, path.ended());
      if (finish == null) {
        active.add(path);
        leaves.add(leaf);
      } else {
        finish(leaf, finish, keysOf.remove(path));
      }
    }
    if (active.isEmpty()) {
      fallBack();
    } else {
      branch(active, leaves, finished.size() - finishedBefore);
    }
    keysOf.clear();
    if (rows.isEmpty()) {
      end();
    }
  }

  private void finish(GrowingNode leaf, FinishReason finish, BranchingDecoder.Path keys) {
    if (leaf.end() < plan.settings().minTrajectoryTokens()) {
      counts.dropped();
      held.release(keys);
      return;
    }
    finished.add(new FinishedPath(leaf, finish, keys));
    finishedTokens += leaf.end();
    counts.finished(leaf, finish);
    if (!plan.mayFallBack()) {
      held.release(keys);
    }
  }

  private void branch(List<ActivePath> active, List<GrowingNode> leaves, int finishedInStep) {
    double meanTokens = leaves.stream().mapToInt(GrowingNode::end).average().orElseThrow();
    int total =
        budget.step(active.size(), finished.size(), finishedInStep, finishedTokens, meanTokens);
    int[] children =
        plan.settings()
            .allotment()
            .policy()
            .allot(leaves.stream().map(GrowingNode::scores).toList(), total, plan.temperature());
    for (int i = 0; i < children.length; i++) {
      ActivePath path = active.get(i);
      GrowingNode leaf = leaves.get(i);
      List<ActivePath> paths = new ArrayList<>();
      for (int c = 0; c < children[i]; c++) {
        paths.add(path(leaf, false, c == 0 ? path.text() : text(leaf)));
      }
      rows.add(new Row(this, keysOf.get(path), path.lastToken(), paths));
    }
  }

  private void fallBack() {
    int missing = budget.missing(finished.size(), finishedTokens);
    fruitlessFallbacks = finished.size() == finishedAtFallback ? fruitlessFallbacks + 1 : 0;
    finishedAtFallback = finished.size();
    if (missing == 0 || fruitlessFallbacks >= MAX_FRUITLESS_FALLBACKS) {
      return;
    }
    counts.fallback();
    FallbackSettings settings = plan.settings().fallback();
    int window = plan.settings().fallbackWindow();
    int minLength = (int) Math.min(Integer.MAX_VALUE, (long) settings.minDonorWindows() * window);
    List<FinishedPath> donors = settings.donors().order(finished, minLength, random);
    if (donors.isEmpty()) {
      grow(root, forkRoot(), Math.min(budget.branching(), missing), true);
    }
    for (FinishedPath donor : donors) {
      int children = Math.min(budget.branching(), missing);
      int cut = cut(donor, settings, window);
      GrowingNode node = donor.leaf().at(cut);
      grow(node, cut == 0 ? forkRoot() : fork(donor, cut), children, true);
      missing -= children;
      if (missing == 0 || settings.position() == FallbackPosition.FROM_START) {
        break;
      }
    }
  }

  /** Response tokens of the donor to keep. */
  private int cut(FinishedPath donor, FallbackSettings settings, int window) {
    if (donor.length() < window) {
      return 0;
    }
    int cut = settings.position().cut(donor, settings, window, random);
    int segmentLength = plan.settings().segmentLength();
    int maxDepth = plan.settings().maxDepth();
    return StopRules.depth(cut, segmentLength) >= maxDepth ? (maxDepth - 1) * segmentLength : cut;
  }

  private BranchingDecoder.Path fork(FinishedPath donor, int cut) {
    return held.fork(donor.keys(), prompt.tokens().length + cut);
  }

  private BranchingDecoder.Path forkRoot() {
    return held.fork(rootKeys, prompt.tokens().length);
  }

  /** Begins paths below a node whose tokens the decoder has all computed. */
  private void grow(
      GrowingNode node, BranchingDecoder.Path keys, int children, boolean atFallback) {
    List<ActivePath> paths =
        IntStream.range(0, children).mapToObj(c -> path(node, atFallback, text(node))).toList();
    rows.add(new Row(this, keys, Row.NOTHING, paths));
  }

  private ActivePath path(GrowingNode node, boolean atFallback, ResponseText text) {
    int branch = ++branches;
    int most = Math.min(plan.settings().segmentLength(), mostTokens - node.end());
    long stream = plan.streams().stream(prompt.id(), occurrence, branch);
    ActivePath path = new ActivePath(node, branch, atFallback, stream, most, plan.rules(), text);
    step.add(path);
    return path;
  }

  private ResponseText text(GrowingNode node) {
    return ResponseText.of(plan.text(), node);
  }

  private void end() {
    tree = GrowingTree.finish(prompt, root, finished);
    finished.clear();
    release();
    counts.end();
  }
}

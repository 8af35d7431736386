package org.treepo4j.rollout;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
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
  private final PromptBeginnings beginnings;
  private final int place;
  private final HeldPaths held;
  private final int mostTokens;

  /** Computed response tokens, counted over all starts, as the decoder's work is. */
  private long computedTokens;

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

  private final List<Row> rows = new ArrayList<>();

  /** Rows whose paths have complete segments. */
  private final List<Row> ended = new ArrayList<>();

  private int fruitlessFallbacks;
  private int finishedAtFallback;
  private RolloutTree tree;
  private List<String> responses;

  /** What the finished paths of one row have in common. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  private record Ending(
      FinishReason finish, String text, BranchingDecoder.Path keys, short[] experts) {}

  /**
   * @param occurrence how many prompts of the batch before this one have the same id
   * @param place of the prompt in the batch
   * @param beginnings compute it
   */
  PromptRollout(
      RolloutPrompt prompt,
      int occurrence,
      RolloutPlan plan,
      BranchingDecoder decoder,
      int place,
      PromptBeginnings beginnings) {
    this.prompt = prompt;
    this.occurrence = occurrence;
    this.plan = plan;
    this.place = place;
    this.beginnings = beginnings;
    held = new HeldPaths(decoder);
    mostTokens = plan.mostResponseTokens(prompt);
    reset();
  }

  /** Lets go of all that has grown; {@link #start} then begins the same tree again. */
  void reset() {
    release();
    if (rootKeys != null) {
      beginnings.putBack(place);
      rootKeys = null;
    }
    counts = new PromptCounts(plan.settings());
    random = new SplittableRandom(plan.streams().stream(prompt.id(), occurrence, 0));
    budget = new DivergenceBudget(plan.settings(), plan.budgetPrompts(), random);
    root = GrowingNode.root();
    finished.clear();
    finishedTokens = 0;
    branches = 0;
    step.clear();
    rows.clear();
    ended.clear();
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

  /** Its place in the batch. */
  int place() {
    return place;
  }

  /** Takes over a path that ends with the prompt. */
  void take(BranchingDecoder.Path keys) {
    rootKeys = held.hold(keys);
  }

  /** Begins the first step behind the path taken; after a failure {@link #reset} is due. */
  void start() {
    counts.start();
    int paths = budget.initial();
    if (plan.settings().sharesPrompts()) {
      begin(forkRoot(), paths);
      return;
    }
    begin(rootKeys, 1);
    for (int i = 1; i < paths; i++) {
      begin(held.hold(beginnings.compute(List.of(place)).get(0)), 1);
    }
  }

  private void begin(BranchingDecoder.Path keys, int paths) {
    rows.add(new Row(this, keys, Row.NOTHING, paths(root, paths, false), List.of()));
  }

  /** Rows that can be advanced now. */
  List<Row> rows() {
    return rows;
  }

  boolean isDone() {
    return tree != null;
  }

  /** The grown tree, once done. */
  RolloutTree tree() {
    return tree;
  }

  /** Texts of its trajectories, once done. */
  List<String> responses() {
    return responses;
  }

  PromptCounts counts() {
    return counts;
  }

  RolloutStatistics statistics() {
    long ofPrompt = beginnings.computedTokens(place);
    return counts.toStatistics(ofPrompt + computedTokens, ofPrompt);
  }

  /** The pending token of a row is computed. */
  void computed() {
    computedTokens++;
  }

  /**
   * Every path of a row has drawn a token: those that drew different ones part, and the step ends
   * when this was its last row.
   */
  void advanced(Row row) {
    for (Row next = row; next != null; ) {
      List<ActivePath> others = plan.settings().lazyForking() ? next.partOthers() : next.partAll();
      Row apart = null;
      if (!others.isEmpty()) {
        BranchingDecoder.Path keys = held.fork(next.keys(), next.keys().length());
        apart = new Row(this, keys, Row.NOTHING, others, next.known());
        rows.add(apart);
      }
      settle(next);
      next = apart;
    }
    if (rows.isEmpty()) {
      endStep();
    }
  }

  /** Takes in the token that all paths of a row drew. */
  private void settle(Row row) {
    ActivePath path = row.paths().get(0);
    int position = path.responseLength() - 1;
    int token = path.lastToken();
    List<FinishedPath> known = List.of();
    if (!row.known().isEmpty()) {
      known = row.known().stream().filter(other -> other.holds(position, token)).toList();
    }
    if (known.isEmpty()) {
      row.await(token);
    } else {
      BranchingDecoder.Path keys = row.keys();
      row.follow(fork(known.get(0), position + 1), known);
      held.release(keys);
    }
    if (row.isComplete()) {
      rows.remove(row);
      ended.add(row);
    }
  }

  private void endStep() {
    List<ActivePath> paths = step;
    step = new ArrayList<>();
    Map<ActivePath, Row> rowOf = new IdentityHashMap<>();
    Map<Row, Ending> endingOf = new IdentityHashMap<>();
    for (Row row : ended) {
      ActivePath any = row.paths().get(0);
      FinishReason finish =
          plan.rules().classify(any.text(), any.responseLength(), mostTokens, any.ended());
      if (finish != null) {
        int tokens = prompt.tokens().length + any.responseLength();
        short[] experts = plan.keepsExperts() ? held.experts(row.keys(), tokens) : new short[0];
        endingOf.put(row, new Ending(finish, any.text().finish(), row.keys(), experts));
      }
      row.paths().forEach(path -> rowOf.put(path, row));
    }
    ended.clear();
    List<ActivePath> active = new ArrayList<>();
    List<GrowingNode> leaves = new ArrayList<>();
    int finishedBefore = finished.size();
    for (ActivePath path : paths) {
      GrowingNode leaf = path.seal();
      counts.sampled(leaf);
      Ending ending = endingOf.get(rowOf.get(path));
      if (ending == null) {
        active.add(path);
        leaves.add(leaf);
      } else {
        finish(leaf, ending);
      }
    }
    if (active.isEmpty()) {
      fallBack();
    } else {
      branch(active, leaves, rowOf, finished.size() - finishedBefore);
    }
    if (rows.isEmpty()) {
      end();
    }
  }

  /** The paths of one row finish alike, so they let go of its keys together. */
  private void finish(GrowingNode leaf, Ending ending) {
    if (leaf.end() < plan.settings().minTrajectoryTokens()) {
      counts.dropped();
      held.release(ending.keys());
      return;
    }
    finished.add(
        new FinishedPath(
            leaf,
            ending.finish(),
            leaf.response(),
            ending.text(),
            ending.keys(),
            ending.experts()));
    finishedTokens += leaf.end();
    counts.finished(leaf, ending.finish());
    if (!plan.mayFallBack()) {
      held.release(ending.keys());
    }
  }

  private void branch(
      List<ActivePath> active,
      List<GrowingNode> leaves,
      Map<ActivePath, Row> rowOf,
      int finishedInStep) {
    double meanTokens = leaves.stream().mapToInt(GrowingNode::end).average().orElseThrow();
    int total =
        budget.step(active.size(), finished.size(), finishedInStep, finishedTokens, meanTokens);
    int[] children =
        plan.branching()
            .children(leaves.stream().map(GrowingNode::scores).toList(), total, plan.temperature());
    Map<Row, List<ActivePath>> below = new LinkedHashMap<>();
    for (int i = 0; i < children.length; i++) {
      ActivePath path = active.get(i);
      GrowingNode leaf = leaves.get(i);
      List<ActivePath> paths = below.computeIfAbsent(rowOf.get(path), r -> new ArrayList<>());
      for (int c = 0; c < children[i]; c++) {
        paths.add(path(leaf, false, c == 0 ? path.text() : text(leaf)));
      }
    }
    below.forEach(
        (row, paths) -> rows.add(new Row(this, row.keys(), row.pending(), paths, row.known())));
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
    Map<IntBuffer, List<ActivePath>> byPrefix = new LinkedHashMap<>();
    if (donors.isEmpty()) {
      fallBackTo(root, Math.min(budget.branching(), missing), byPrefix);
    }
    for (FinishedPath donor : donors) {
      int children = Math.min(budget.branching(), missing);
      fallBackTo(donor.leaf().at(cut(donor, settings, window)), children, byPrefix);
      missing -= children;
      if (missing == 0 || settings.position() == FallbackPosition.FROM_START) {
        break;
      }
    }
    byPrefix.forEach((prefix, paths) -> rows.add(rowBehind(prefix.array(), paths)));
  }

  /** Begins paths below a node; those behind the same tokens are kept together. */
  private void fallBackTo(
      GrowingNode node, int children, Map<IntBuffer, List<ActivePath>> byPrefix) {
    byPrefix
        .computeIfAbsent(IntBuffer.wrap(node.response()), p -> new ArrayList<>())
        .addAll(paths(node, children, true));
  }

  /** A row behind response tokens that were computed before. */
  private Row rowBehind(int[] prefix, List<ActivePath> paths) {
    List<FinishedPath> known = finished.stream().filter(other -> other.continues(prefix)).toList();
    BranchingDecoder.Path keys =
        prefix.length == 0 ? forkRoot() : fork(known.get(0), prefix.length);
    boolean reused = plan.settings().lazyForking();
    return new Row(this, keys, Row.NOTHING, paths, reused ? known : List.of());
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

  private List<ActivePath> paths(GrowingNode node, int count, boolean atFallback) {
    return IntStream.range(0, count).mapToObj(i -> path(node, atFallback, text(node))).toList();
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
    tree = root.toTree(prompt, finished);
    responses = finished.stream().map(FinishedPath::text).toList();
    finished.clear();
    release();
    counts.end();
  }
}

package org.treepo4j.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;
import org.treepo4j.rollout.TreeJsonlReader;
import org.treepo4j.rollout.TreeLine;

/**
 * One prompt of a run across its steps, as text: its first and last recorded tree, what became of
 * every token in an update, and what estimators make of the same tree.
 */
public final class PromptReport {
  private final String prompt;
  private final TreeMap<Long, TreeLine> trees;
  private final double clipLow;
  private final double clipHigh;
  private final double threshold;
  private final Appendable out;

  private PromptReport(
      String prompt, TreeMap<Long, TreeLine> trees, JsonNode settings, Appendable out) {
    this.prompt = prompt;
    this.trees = trees;
    clipLow = settings.path("loss.clipLow").asDouble(0.2);
    clipHigh = settings.path("loss.clipHigh").asDouble(0.28);
    threshold = settings.path("loss.rolloutCorrectionThreshold").asDouble(2);
    this.out = out;
  }

  /**
   * Prints a prompt.
   *
   * @param run folder of a run
   * @param prompt its text or id; empty for the prompt that was recorded at most steps
   * @param estimators names of estimators to compare on the last tree; may be empty
   * @throws ReportException when no recorded tree is of this prompt, or an estimator is unknown
   */
  public static void print(Path run, String prompt, List<String> estimators, Appendable out)
      throws IOException {
    RunDirectory directory = RunDirectory.open(run);
    Map<String, TreeMap<Long, TreeLine>> byPrompt = new TreeMap<>();
    for (Map.Entry<Long, Path> file : directory.treeFiles().entrySet()) {
      for (TreeLine line : TreeJsonlReader.readAll(file.getValue())) {
        byPrompt
            .computeIfAbsent(line.tree().promptId(), id -> new TreeMap<>())
            .put(file.getKey(), line);
      }
    }
    TreeMap<Long, TreeLine> trees =
        byPrompt.values().stream()
            .filter(all -> prompt.isEmpty() || isOf(all.firstEntry().getValue(), prompt))
            .reduce((most, next) -> next.size() > most.size() ? next : most)
            .orElseThrow(
                () ->
                    new ReportException(
                        run
                            + ": no recorded tree is of the prompt "
                            + prompt
                            + "; trainer.treesKept decides how many are recorded"));
    PromptReport report =
        new PromptReport(text(trees.firstEntry().getValue()), trees, directory.settings(), out);
    report.acrossSteps();
    report.tokens();
    report.compare(estimators);
  }

  private static boolean isOf(TreeLine line, String prompt) {
    return line.tree().promptId().equals(prompt) || text(line).equals(prompt);
  }

  private static String text(TreeLine line) {
    return line.json().path("prompt_text").asText(line.tree().promptId());
  }

  private void acrossSteps() throws IOException {
    line("%s, recorded at %d steps", TreeText.visible(prompt), trees.size());
    line(
        "%n%8s %13s %8s %9s %12s %9s",
        "step", "trajectories", "correct", "mean R", "tokens", "entropy");
    for (Map.Entry<Long, TreeLine> at : trees.entrySet()) {
      RolloutTree tree = at.getValue().tree();
      long correct =
          IntStream.range(0, tree.trajectories().size())
              .filter(i -> at.getValue().trajectory(i).path("correct").asBoolean())
              .count();
      line(
          "%8d %13d %8d %9.3f %12.1f %9.3f",
          at.getKey(),
          tree.trajectories().size(),
          correct,
          tree.trajectories().stream().mapToDouble(Trajectory::reward).average().orElse(Double.NaN),
          (double) tree.trajectoryTokens() / Math.max(1, tree.trajectories().size()),
          tree.nodes().stream()
              .flatMapToDouble(node -> Arrays.stream(node.entropies()))
              .average()
              .orElse(Double.NaN));
    }
    drawing("first", trees.firstKey());
    if (trees.size() > 1) {
      drawing("last", trees.lastKey());
    }
  }

  private void drawing(String which, long step) throws IOException {
    TreeLine line = trees.get(step);
    Map<Integer, String> texts = new TreeMap<>();
    List<String> promptPieces = pieces(line.json().path("prompt_pieces"));
    for (int n = 0; n < line.tree().nodes().size(); n++) {
      SegmentNode node = line.tree().nodes().get(n);
      texts.put(
          Arrays.hashCode(node.tokens()), String.join("", pieces(line.node(n).path("pieces"))));
    }
    Function<int[], String> decode =
        ids ->
            Arrays.equals(ids, line.tree().promptTokens()) && !promptPieces.isEmpty()
                ? String.join("", promptPieces)
                : texts.getOrDefault(Arrays.hashCode(ids), Arrays.toString(ids));
    line("%nThe %s tree, step %d:", which, step);
    TreeText.print(line.tree(), decode, TreeText.Style.PLAIN, out);
  }

  private static List<String> pieces(JsonNode array) {
    List<String> pieces = new ArrayList<>();
    array.forEach(piece -> pieces.add(piece.asText()));
    return pieces;
  }

  /** Ratio, clipping and correction of the tokens of the last tree's best trajectory. */
  private void tokens() throws IOException {
    TreeLine last = trees.lastEntry().getValue();
    RolloutTree tree = last.tree();
    if (tree.trajectories().isEmpty()) {
      return;
    }
    int best = 0;
    for (int i = 1; i < tree.trajectories().size(); i++) {
      if (tree.trajectories().get(i).reward() > tree.trajectories().get(best).reward()) {
        best = i;
      }
    }
    line(
        "%nWhat the step made of the tokens of its best trajectory: ratio of the probability after the"
            + "%nstep to that before, held (the loss no longer changes with it) or not, and the weight"
            + "%nof the rollout correction, old policy / sampler.%n");
    line(
        "  %-12s %10s %9s %9s %6s %9s",
        "token", "advantage", "p before", "ratio", "held", "weight");
    JsonNode advantages = last.trajectory(best).path("advantages");
    int at = 0;
    for (SegmentNode node : tree.segments(tree.trajectories().get(best))) {
      int index = tree.nodes().indexOf(node);
      JsonNode json = last.node(index);
      for (int t = 0; t < node.tokens().length; t++, at++) {
        double old = json.path("old_logprobs").path(t).asDouble(Double.NaN);
        double now = json.path("new_logprobs").path(t).asDouble(Double.NaN);
        double advantage = advantages.path(at).asDouble(Double.NaN);
        double ratio = Math.exp(now - old);
        double weight = Math.min(threshold, Math.exp(old - node.logprobs()[t]));
        boolean held =
            advantage > 0 && ratio > 1 + clipHigh || advantage < 0 && ratio < 1 - clipLow;
        line(
            "  %-12s %s %s %s %6s %s",
            TreeText.visible(json.path("pieces").path(t).asText(String.valueOf(node.tokens()[t]))),
            number("%+10.3f", advantage),
            number("%9.4f", Math.exp(old)),
            number("%9.4f", ratio),
            node.learned()[t] ? held ? "yes" : "" : "given",
            number("%9.4f", weight));
      }
    }
  }

  private static String number(String format, double value) {
    String text = String.format(Locale.ROOT, format, value);
    return Double.isFinite(value) ? text : " ".repeat(text.length() - 1) + "–";
  }

  /** Mean advantage of every trajectory of the last tree, by estimator. */
  private void compare(List<String> names) throws IOException {
    if (names.isEmpty()) {
      return;
    }
    RolloutTree tree = trees.lastEntry().getValue().tree();
    List<AdvantageEstimator.Explaining> estimators = new ArrayList<>();
    for (String name : names) {
      try {
        estimators.add(AdvantageEstimators.create(name, Map.of()));
      } catch (IllegalArgumentException e) {
        throw new ReportException(e.getMessage());
      }
    }
    line(
        "%nThe last tree by several estimators, whitened over this tree alone: the advantage of each"
            + "%nsegment.%n");
    StringBuilder head = new StringBuilder("  %-14s %8s".formatted("trajectory", "R"));
    names.forEach(name -> head.append("   ").append(name));
    line("%s", head);
    for (int i = 0; i < tree.trajectories().size(); i++) {
      StringBuilder row =
          new StringBuilder(
              String.format(
                  Locale.ROOT,
                  "  %-14s %8.3f",
                  "to node " + tree.trajectories().get(i).leaf(),
                  tree.trajectories().get(i).reward()));
      for (AdvantageEstimator.Explaining estimator : estimators) {
        double[] tokens = estimator.advantages(List.of(tree))[0][i];
        row.append("   ").append(bySegment(tree, i, tokens));
      }
      line("%s", row);
    }
  }

  private static String bySegment(RolloutTree tree, int trajectory, double[] tokens) {
    List<String> values = new ArrayList<>();
    int end = 0;
    for (SegmentNode node : tree.segments(tree.trajectories().get(trajectory))) {
      end += node.tokens().length;
      double mean =
          Arrays.stream(tokens, end - node.tokens().length, end).average().orElse(Double.NaN);
      values.add(String.format(Locale.ROOT, "%+.2f", mean));
    }
    return values.stream().distinct().count() == 1 ? values.get(0) : String.join(" ", values);
  }

  private void line(String format, Object... values) throws IOException {
    out.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}

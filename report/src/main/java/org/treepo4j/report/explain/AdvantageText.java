package org.treepo4j.report.explain;

import static org.treepo4j.report.explain.StepText.heading;
import static org.treepo4j.report.explain.StepText.line;
import static org.treepo4j.report.explain.StepText.name;
import static org.treepo4j.report.explain.StepText.number;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.treepo4j.rl.advantage.AdvantageBreakdown;
import org.treepo4j.rl.advantage.AdvantageBreakdown.GroupComparison;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;
import org.treepo4j.rl.advantage.AdvantageSettings;
import org.treepo4j.rl.advantage.TreePoEstimator.Weighting;
import org.treepo4j.rl.advantage.Whitening;
import org.treepo4j.rl.train.TrainSettings;

/** Sections 4 and 5: from rewards through sub-groups to advantages. */
final class AdvantageText {
  private final ExplainedStep step;
  private final AdvantageSettings settings;
  private final int promptsPerStep;
  private final Appendable out;

  AdvantageText(ExplainedStep step, TrainSettings settings, Appendable out) {
    this.step = step;
    this.settings = settings.advantage();
    this.promptsPerStep = settings.trainer().promptsPerStep();
    this.out = out;
  }

  void print() throws IOException {
    subGroups();
    heading(out, "5. Advantages (estimator " + settings.estimator() + ")");
    explainEstimator();
    for (int i = 0; i < step.advantages().size(); i++) {
      spellOut(i);
    }
    whitening();
  }

  private void subGroups() throws IOException {
    heading(out, "4. Sub-groups");
    line(
        out,
        "Trajectories that share their first j segments are the sub-group G_j of each of them."
            + "%nThey began alike, so a difference in reward comes from what followed.%n");
    for (SubGroups.Group group : SubGroups.of(step.tree())) {
      String who = group.members().stream().map(StepText::name).collect(Collectors.joining(" "));
      line(
          out,
          "  depth %d  %-9s mean R = %.3f  %s  %s",
          group.depth(),
          group.node() == 0 ? "prompt" : "node " + group.node(),
          group.mean(),
          group.differ() ? " " : "=",
          who);
    }
    line(out, "%n(= marks a sub-group whose rewards are all equal.)");
  }

  private void explainEstimator() throws IOException {
    line(out, "%s", formula());
    line(out, "docs/estimators has the whole formula, with an example worked by hand.");
  }

  private String formula() {
    return switch (settings.estimator()) {
      case "treepo" ->
          """
          A trajectory is compared with each of its sub-groups: better than the others of the prompt?
          Given this beginning, better than the others that began so? The advantage is %s."""
              .formatted(
                  settings.weighting() == Weighting.GROUP_SIZE
                      ? "the mean weighted by group size"
                      : "the plain average");
      case "segment-progress" ->
          """
          A segment is worth what the mean of its children is worth, a leaf its reward. The advantage
          of a segment is its value less its parent's.""";
      case "tree-grpo" ->
          """
          A trajectory's reward as a z-score in the sub-tree it belongs to, plus its z-score in the
          whole prompt group. All tokens of a trajectory have this advantage.""";
      case "treerl" ->
          """
          A segment is worth the mean reward of the trajectories through it. Its advantage is how much
          that is above the prompt's, plus how much above its parent's, divided by the square root of
          the number of trajectories through it.""";
      case "spo" ->
          """
          A segment is worth what the mean of its children is worth, a leaf its reward. The advantage
          of a segment is its value less its parent's%s.
          Tokens that the policy was sure of have none."""
              .formatted(
                  settings.siblingDeviation() ? ", divided by the deviation among siblings" : "");
      case "spo-recipe" ->
          """
          The value of a segment among its siblings, as a z-score; an only child keeps its value.""";
      case "grpo" ->
          settings.std()
              ? "A trajectory's reward as a z-score in the prompt group. The tree plays no part."
              : "A trajectory's reward less the mean of the prompt group. The tree plays no part.";
      case "rloo" ->
          "A trajectory's reward less the mean of the others of its prompt. The tree plays no part.";
      case "reinforce++-baseline" ->
          "A trajectory's reward less the mean of its prompt group. The tree plays no part.";
      default -> throw new IllegalStateException("no text for " + settings.estimator());
    };
  }

  private void spellOut(int trajectory) throws IOException {
    AdvantageBreakdown breakdown = step.advantages().get(trajectory);
    line(out, "%n  %s   R = %s", name(trajectory), number(breakdown.reward()));
    for (GroupComparison comparison : breakdown.comparisons()) {
      if (comparison.size() == 1 && comparison.node() != 0) {
        line(out, "      alone from node %d on: nothing to compare with", comparison.node());
        break;
      }
      line(
          out,
          "      R − mean(G_%d) = %s − %.3f = %+.3f   %s%s",
          comparison.depth(),
          number(breakdown.reward()),
          comparison.mean(),
          comparison.difference(),
          comparison.node() == 0
              ? "all " + comparison.size() + " of the prompt"
              : comparison.size() + " through node " + comparison.node(),
          comparison.kept() ? "" : ", left out");
    }
    List<SegmentAdvantage> segments = breakdown.segments();
    boolean uniform = segments.stream().mapToDouble(SegmentAdvantage::raw).distinct().count() == 1;
    if (!breakdown.masked().isEmpty()) {
      line(
          out,
          "      %d of %d tokens have none: the policy was given them, or sure of them (advantage.probabilityMask)",
          breakdown.masked().cardinality(),
          segments.stream().mapToInt(SegmentAdvantage::tokens).sum());
    }
    if (uniform) {
      line(
          out,
          "      %s%s",
          settings.estimator().equals("treepo") ? "averaged: " : "before whitening: ",
          whitened(breakdown, segments.get(0)));
      return;
    }
    for (SegmentAdvantage segment : segments) {
      line(
          out,
          "      segment %d (node %d, value %+.3f): %s",
          segment.depth(),
          segment.node(),
          segment.value(),
          whitened(breakdown, segment));
    }
  }

  private static String whitened(AdvantageBreakdown breakdown, SegmentAdvantage segment) {
    if (breakdown.whitening().equals(Whitening.NONE)) {
      return "A = %+.3f".formatted(segment.raw());
    }
    double finished = (segment.raw() - breakdown.whitening().mean()) / breakdown.whitening().std();
    return "%+.3f   whitened: A = %+.3f".formatted(segment.raw(), finished);
  }

  private void whitening() throws IOException {
    Whitening whitening = step.advantages().get(0).whitening();
    if (!whitening.equals(Whitening.NONE)) {
      line(
          out,
          "%nWhitening gives the advantages of all response tokens mean 0 and variance 1:"
              + "%nA = (average %s %.4f) / %.4f. In a run, mean and deviation are those of all %d"
              + "%nprompts of a step.",
          whitening.mean() < 0 ? "+" : "−",
          Math.abs(whitening.mean()),
          whitening.std(),
          promptsPerStep);
    }
  }
}

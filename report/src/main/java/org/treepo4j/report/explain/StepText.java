package org.treepo4j.report.explain;

import java.io.IOException;
import java.util.Locale;
import java.util.function.Function;
import org.treepo4j.report.TreeText;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.Trajectory;

/**
 * One step of TreePO told as text: prompt, tree, rewards, sub-groups, advantages, loss, gradient,
 * changed probabilities. Trajectories are named T1, T2, … in the order they finished.
 */
public final class StepText {
  private final ExplainedStep step;
  private final TrainSettings settings;
  private final Function<int[], String> decode;
  private final TreeText.Style style;
  private final Appendable out;

  private StepText(
      ExplainedStep step,
      TrainSettings settings,
      Function<int[], String> decode,
      TreeText.Style style,
      Appendable out) {
    this.step = step;
    this.settings = settings;
    this.decode = decode;
    this.style = style;
    this.out = out;
  }

  /**
   * Tells a step.
   *
   * @param settings the step was made with
   * @param decode token ids to text
   * @param style of the tree; the rest takes about 100 columns and no colours
   */
  public static void print(
      ExplainedStep step,
      TrainSettings settings,
      Function<int[], String> decode,
      TreeText.Style style,
      Appendable out)
      throws IOException {
    StepText text = new StepText(step, settings, decode, style, out);
    text.prompt();
    text.tree();
    text.rewards();
    new AdvantageText(step, settings, out).print();
    new LossText(step, settings, decode, out).print();
    new ChangeText(step, settings, decode, out).print();
  }

  private void prompt() throws IOException {
    RolloutTree tree = step.tree();
    heading(out, "1. The prompt");
    line(
        out,
        "%s   (%d tokens; the right answer is %s)",
        TreeText.visible(decode.apply(tree.promptTokens())),
        tree.promptTokens().length,
        TreeText.visible(step.scored().task().answer()));
    if (step.sampledTasks() > 1) {
      line(
          out,
          "%d prompts were sampled to find one whose tree has something to show. In a run, prompts"
              + "%nwhose trajectories all have one reward are replaced, since they teach nothing.",
          step.sampledTasks());
    }
  }

  private void tree() throws IOException {
    RolloutTree tree = step.tree();
    heading(out, "2. The tree");
    line(
        out,
        "At most %d trajectories (rollout.maxWidth) in segments of at most %d tokens"
            + "%n(rollout.segmentLength). A line is a segment: ×n is the number of trajectories"
            + "%nthrough it, ✓ and ✗ are ends of trajectories, ≡ has the same text as one above.%n",
        settings.rollout().maxWidth(),
        settings.rollout().segmentLength());
    TreeText.print(tree, decode, style, out);
    long distinct = tree.distinctTokens();
    long needed = tree.trajectoryTokens();
    line(
        out,
        "%nThe trajectories have %d tokens; %d are computed, %.0f %% less, because what trajectories"
            + "%nhave in common is computed once, in sampling and in training.",
        needed,
        distinct,
        100 * (1 - (double) distinct / needed));
  }

  private void rewards() throws IOException {
    heading(out, "3. Rewards");
    line(
        out,
        "%s for an answer that equals the right one, %s for another or none"
            + " (reward.correct, reward.wrong)%s.%n",
        number(settings.reward().correct()),
        number(settings.reward().wrong()),
        settings.reward().overlongBuffer() > 0 ? ", less the overlong penalty" : "");
    for (int i = 0; i < step.tree().trajectories().size(); i++) {
      Trajectory trajectory = step.tree().trajectories().get(i);
      line(
          out,
          "  %-4s R = %-6s %-20s %s",
          name(i),
          number(trajectory.reward()),
          trajectory.finish(),
          TreeText.visible(step.scored().responses().get(i)));
    }
  }

  /** The name of a trajectory. */
  static String name(int trajectory) {
    return "T" + (trajectory + 1);
  }

  /** A reward or a setting without needless digits. */
  static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.4g", value);
  }

  static void heading(Appendable out, String title) throws IOException {
    out.append('\n').append(title).append('\n');
    out.append("─".repeat(title.length())).append('\n');
  }

  static void line(Appendable out, String format, Object... values) throws IOException {
    out.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}

package org.treepo4j.report.explain;

import static org.treepo4j.report.explain.StepText.heading;
import static org.treepo4j.report.explain.StepText.line;
import static org.treepo4j.report.explain.StepText.name;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.treepo4j.model.TokenTree;
import org.treepo4j.report.TreeText;
import org.treepo4j.rl.advantage.AdvantageBreakdown;
import org.treepo4j.rl.loss.TokenLoss;
import org.treepo4j.rl.train.TrainSettings;

/** Section 8: what the update did to the probabilities of the same tree. */
final class ChangeText {
  private static final int TOKENS_SHOWN = 6;
  private static final int CONTEXT = 22;

  private final ExplainedStep step;
  private final TrainSettings settings;
  private final Function<int[], String> decode;
  private final Appendable out;

  ChangeText(
      ExplainedStep step, TrainSettings settings, Function<int[], String> decode, Appendable out) {
    this.step = step;
    this.settings = settings;
    this.decode = decode;
    this.out = out;
  }

  void print() throws IOException {
    heading(out, "8. What the update changed");
    line(out, "The same tree, scored again. Whole responses:%n");
    line(out, "  %-5s %8s %12s %12s %9s", "", "A", "p before", "p after", "after/before");
    for (int i = 0; i < step.training().trajectories(); i++) {
      double before = step.responseLogprob(i, step.logprobsBefore());
      double after = step.responseLogprob(i, step.logprobsAfter());
      line(
          out,
          "  %-5s %+8.3f %12.3g %12.3g %9.3f",
          name(step.trained().get(i)),
          meanAdvantage(step.advantages().get(step.trained().get(i))),
          Math.exp(before),
          Math.exp(after),
          Math.exp(after - before));
    }
    tokens();
    clipping();
  }

  private static double meanAdvantage(AdvantageBreakdown breakdown) {
    double sum = 0;
    double[] tokens = breakdown.tokens();
    for (double advantage : tokens) {
      sum += advantage;
    }
    return sum / tokens.length;
  }

  private void tokens() throws IOException {
    line(out, "%nThe tokens whose probability changed most:%n");
    line(out, "  %-24s %-8s %10s %10s %10s %8s", "after", "token", "N − P", "before", "after", "r");
    // Branches may go on with the same token; to a reader these are one.
    Map<String, List<TokenLoss>> alike = new LinkedHashMap<>();
    step.tokensAfter().stream()
        .sorted(Comparator.comparingDouble((TokenLoss loss) -> -Math.abs(change(loss))))
        .forEach(
            loss ->
                alike
                    .computeIfAbsent(
                        textBefore(loss.token()) + '\0' + piece(loss), key -> new ArrayList<>())
                    .add(loss));
    for (List<TokenLoss> losses : alike.values().stream().limit(TOKENS_SHOWN).toList()) {
      TokenLoss first = losses.get(0);
      String before = textBefore(first.token());
      line(
          out,
          "  %-24s %-8s %+10.5f %10.4f %10.4f %8.3f",
          before.length() > CONTEXT ? "…" + before.substring(before.length() - CONTEXT) : before,
          piece(first),
          losses.stream().mapToDouble(loss -> loss.negative() - loss.positive()).sum(),
          Math.exp(step.logprobsBefore()[first.token()]),
          Math.exp(step.logprobsAfter()[first.token()]),
          first.ratio());
    }
    line(
        out,
        "%nAll tokens use the same weights, so one that is pushed takes others along: not every"
            + "%nprobability moves as its own advantage says. What the update goes for is the policy loss"
            + "%nof the tree: %.5f before, %.5f after.",
        step.tokens().stream().mapToDouble(TokenLoss::loss).sum(),
        step.tokensAfter().stream().mapToDouble(TokenLoss::loss).sum());
  }

  private String piece(TokenLoss loss) {
    return LossText.piece(step, decode, loss.token());
  }

  /** What the model had read when it sampled a token. */
  private String textBefore(int token) {
    TokenTree tokens = step.training().tokens();
    int[] path = tokens.path(token);
    int[] ids = new int[path.length - 1];
    Arrays.setAll(ids, i -> tokens.tokens()[path[i]]);
    return TreeText.visible(decode.apply(ids));
  }

  private double change(TokenLoss loss) {
    return Math.exp(step.logprobsAfter()[loss.token()])
        - Math.exp(step.logprobsBefore()[loss.token()]);
  }

  private void clipping() throws IOException {
    long clipped = step.tokensAfter().stream().filter(TokenLoss::clipped).count();
    line(
        out,
        "%nA second update on this tree would start from these r: %d of its %d tokens would be held"
            + "%nby the clip range %.2f … %.2f or the dual clip. A run makes %d such steps, each on %d"
            + "%nprompts.",
        clipped,
        step.tokensAfter().size(),
        1 - settings.loss().clipLow(),
        1 + settings.loss().clipHigh(),
        settings.trainer().steps(),
        settings.trainer().promptsPerStep());
  }
}

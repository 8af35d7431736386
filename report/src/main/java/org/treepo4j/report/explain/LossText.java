package org.treepo4j.report.explain;

import static org.treepo4j.report.explain.StepText.heading;
import static org.treepo4j.report.explain.StepText.line;
import static org.treepo4j.report.explain.StepText.name;

import java.io.IOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.treepo4j.report.TreeText;
import org.treepo4j.rl.advantage.Whitening;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rl.loss.RolloutCorrection;
import org.treepo4j.rl.loss.TokenLoss;
import org.treepo4j.rl.train.TrainSettings;

/** Sections 6 and 7: the loss of each token of one trajectory, and the gradient. */
final class LossText {
  private final ExplainedStep step;
  private final TrainSettings settings;
  private final Function<int[], String> decode;
  private final Appendable out;

  LossText(
      ExplainedStep step, TrainSettings settings, Function<int[], String> decode, Appendable out) {
    this.step = step;
    this.settings = settings;
    this.decode = decode;
    this.out = out;
  }

  void print() throws IOException {
    LossSettings loss = settings.effectiveLoss();
    heading(out, "6. The loss of each token");
    line(
        out,
        "A token that several trajectories share is computed once. P sums their positive advantages,"
            + "%nN the absolute negative ones, each divided as loss.aggregation=%s says. With"
            + "%nr = exp(logp − logp_old), the ratio of new to old probability,"
            + "%n%n  loss = %s"
            + "%n%nThe tree is trained on before anything has changed, so r = 1 and nothing is clipped:"
            + "%n%s Below 0, the token is to become"
            + " likelier.%n",
        loss.aggregation().name().toLowerCase(Locale.ROOT).replace('_', '-'),
        formula(loss),
        unclipped(loss));
    leftOut(loss);
    table(chosen());
    line(
        out,
        "%nAll %d tokens of the tree together: loss %.5f.%s%s",
        step.tokens().size(),
        Math.abs(step.loss()) < 5e-6 ? 0 : step.loss(), // no −0.00000
        loss.kl() == KlPlacement.LOSS || loss.entropyCoefficient() != 0
            ? " Its KL and entropy terms are not in the table."
            : "",
        step.advantages().get(0).whitening().equals(Whitening.NONE)
            ? ""
            : " Whitened advantages add up to nothing,\nand so do these losses as long as r = 1; their"
                + " derivatives do not.");
    gradient();
  }

  private static String formula(LossSettings loss) {
    double high = 1 + loss.clipHigh();
    double low = 1 - loss.clipLow();
    return switch (loss.policy()) {
      case PPO ->
          String.format(Locale.ROOT, "−P · min(r, %.2f) + N · %s", high, negativeTerm(loss));
      case CISPO ->
          String.format(
              Locale.ROOT,
              "−(P − N) · w · logp,  w = max(%.2f, min(r, %.2f)), a constant",
              low,
              high);
      case GSPO, GSPO_TOKEN ->
          String.format(
              Locale.ROOT,
              "−P · min(s, %.4f) + N · max(s, %.4f) for one trajectory, summed over them;"
                  + "\n  s = exp(mean of logp − logp_old over its response)",
              high,
              low);
    };
  }

  private static String unclipped(LossSettings loss) {
    return switch (loss.policy()) {
      case PPO, GSPO_TOKEN -> "the loss is N − P, its derivative by logp as well.";
      case CISPO -> "the loss is (N − P) · logp, its derivative by logp N − P.";
      case GSPO -> "the loss is N − P, its derivative its mean over each response.";
    };
  }

  private void leftOut(LossSettings loss) throws IOException {
    int left = step.advantages().size() - step.trained().size();
    if (left > 0) {
      line(out, "%d trajectories were cut and take no part (loss.overlongFiltering).%n", left);
    }
    if (step.training().behaviourLogprobs() != null) {
      line(
          out,
          "The sampler is not the policy that is trained, so P and N of a token are weighed by"
              + "%nold probability / sampler's, %s at %.4g (loss.rolloutCorrection).%n",
          loss.rolloutCorrection() == RolloutCorrection.MASK ? "0 beyond a limit" : "held",
          loss.rolloutCorrectionThreshold());
    }
  }

  private static String negativeTerm(LossSettings loss) {
    String inner = String.format(Locale.ROOT, "max(r, %.2f)", 1 - loss.clipLow());
    return loss.dualClip() == 0
        ? inner
        : String.format(Locale.ROOT, "min(%s, %.0f)", inner, loss.dualClip());
  }

  /** The trajectory whose beginning is shared most: there P and N can be seen to change. */
  private int chosen() {
    Map<Integer, TokenLoss> byToken = byToken();
    int best = 0;
    int mostShared = -1;
    for (int i = 0; i < step.training().trajectories(); i++) {
      int shared = 0;
      for (int token : step.training().paths()[i]) {
        TokenLoss loss = byToken.get(token);
        shared += loss.positive() > 0 && loss.negative() > 0 ? 1 : 0;
      }
      boolean better = reward(i) > reward(best);
      if (shared > mostShared || shared == mostShared && better) {
        best = i;
        mostShared = shared;
      }
    }
    return best;
  }

  private double reward(int trained) {
    return step.advantages().get(step.trained().get(trained)).reward();
  }

  private void table(int trajectory) throws IOException {
    Map<Integer, TokenLoss> byToken = byToken();
    line(out, "  The tokens of %s:", name(step.trained().get(trajectory)));
    line(out, "  %-12s %13s %9s %9s %9s %9s", "token", "trajectories", "P", "N", "p_old", "loss");
    for (int token : step.training().paths()[trajectory]) {
      TokenLoss loss = byToken.get(token);
      line(
          out,
          "  %-12s %13d %9.5f %9.5f %9.4f %+9.5f",
          piece(step, decode, token),
          loss.trajectories(),
          loss.positive(),
          loss.negative(),
          Math.exp(step.logprobsBefore()[token]),
          loss.loss());
    }
  }

  private Map<Integer, TokenLoss> byToken() {
    Map<Integer, TokenLoss> byToken = new HashMap<>();
    step.tokens().forEach(loss -> byToken.put(loss.token(), loss));
    return byToken;
  }

  private void gradient() throws IOException {
    double clip = settings.optimizer().gradientClip();
    heading(out, "7. The gradient");
    line(
        out,
        "One backward pass takes the derivatives of all tokens back into the weights."
            + "%nIts norm is %.4f%s."
            + "%nAdamW makes a step of learning rate %.3g%s.",
        step.gradientNorm(),
        clip > 0 && step.gradientNorm() > clip
            ? String.format(Locale.ROOT, ", scaled down to %.2f (optimizer.gradientClip)", clip)
            : "",
        step.learningRate(),
        settings.optimizer().learningRate().warmupUpdates() > 1
            ? ", the first of the warm-up"
            : "");
  }

  /** The text of one token. */
  static String piece(ExplainedStep step, Function<int[], String> decode, int token) {
    int id = step.training().tokens().tokens()[token];
    return TreeText.visible(decode.apply(new int[] {id}));
  }
}

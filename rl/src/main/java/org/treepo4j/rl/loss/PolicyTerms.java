package org.treepo4j.rl.loss;

/**
 * The policy loss of one tree token by token, with its derivatives, {@code [unique token]} each
 * (docs/losses.md). A token's ratio is its own, or with GSPO that of a whole response: then it
 * belongs to a trajectory, and a token has the sum over the trajectories through it.
 */
final class PolicyTerms {
  /** Summands of the mini-batch's policy loss. */
  final double[] loss;

  /** Derivative of the whole loss by the token's log-probability. */
  final double[] derivative;

  /** The ratio; with GSPO the mean over the trajectories through the token. */
  final double[] ratio;

  /** Trajectories through the token whose loss the clip range holds. */
  final int[] clipped;

  /** … the dual clip. */
  final int[] dualClipped;

  private final LossSettings settings;
  private final TrainingTree tree;
  private final TokenShares shares;
  private final float[] logprobs;

  /**
   * @param whole the normalizer of the whole mini-batch
   * @param logprobs of every unique token under the present policy, {@code [size]}
   */
  PolicyTerms(
      LossSettings settings,
      LossNormalizer whole,
      TrainingTree tree,
      TokenShares shares,
      float[] logprobs) {
    int size = tree.uniqueTokens();
    loss = new double[size];
    derivative = new double[size];
    ratio = new double[size];
    clipped = new int[size];
    dualClipped = new int[size];
    this.settings = settings;
    this.tree = tree;
    this.shares = shares;
    this.logprobs = logprobs;
    switch (settings.policy()) {
      case PPO -> ppo();
      case CISPO -> cispo();
      case GSPO, GSPO_TOKEN -> {
        for (int i = 0; i < tree.trajectories(); i++) {
          gspo(i, whole);
        }
      }
    }
  }

  private void ppo() {
    PolicyLoss policyLoss = settings.policyLoss();
    for (int token = 1; token < loss.length; token++) {
      if (shares.trajectories[token] > 0) {
        double r = PolicyLoss.ratio(logprobs[token], tree.oldLogprobs()[token]);
        double positive = shares.positive[token];
        double negative = shares.negative[token];
        ratio[token] = r;
        loss[token] = policyLoss.value(positive, negative, r);
        derivative[token] = policyLoss.derivative(positive, negative, r);
        clipped[token] += policyLoss.clipsPositive(r) ? shares.positives[token] : 0;
        clipped[token] += policyLoss.clipsNegative(r) ? shares.negatives[token] : 0;
        dualClipped[token] += policyLoss.dualClips(r) ? shares.negatives[token] : 0;
      }
    }
  }

  /** {@code −(P − N)·sg(clip(r))·logp}: no token is ever left without a gradient. */
  private void cispo() {
    double low = 1 - settings.clipLow();
    double high = 1 + settings.clipHigh();
    for (int token = 1; token < loss.length; token++) {
      if (shares.trajectories[token] > 0) {
        double r = PolicyLoss.ratio(logprobs[token], tree.oldLogprobs()[token]);
        double weight = Math.max(low, Math.min(high, r));
        ratio[token] = r;
        derivative[token] = -(shares.positive[token] - shares.negative[token]) * weight;
        loss[token] = derivative[token] * logprobs[token];
        clipped[token] =
            r < low || r > high ? shares.positives[token] + shares.negatives[token] : 0;
      }
    }
  }

  /**
   * One trajectory of {@code n} tokens with {@code s = exp(mean log-ratio)}: every token costs
   * {@code max(−A·s, −A·clip(s))}. As {@code ds/dlogp = s/n} for each of its tokens, GSPO gives all
   * of them the mean of the unclipped {@code −A·s}; GSPO-token gives each its own.
   */
  private void gspo(int trajectory, LossNormalizer whole) {
    int[] path = tree.paths()[trajectory];
    double share = settings.aggregation().weight(whole, path.length, settings.normLength());
    double logRatio = 0;
    for (int token : path) {
      logRatio += (double) logprobs[token] - tree.oldLogprobs()[token];
    }
    double s = PolicyLoss.ratio(logRatio / path.length, 0);
    double low = 1 - settings.clipLow();
    double high = 1 + settings.clipHigh();
    double unclipped = 0;
    for (int t = 0; t < path.length; t++) {
      int token = path[t];
      double advantage = shares.correction[token] * tree.advantages()[trajectory][t];
      double weighted = share * advantage;
      boolean held = advantage > 0 && s > high || advantage < 0 && s < low;
      loss[token] -= weighted * (advantage > 0 ? Math.min(s, high) : Math.max(s, low));
      ratio[token] += s / shares.trajectories[token];
      clipped[token] += held ? 1 : 0;
      if (!held) {
        unclipped -= weighted * s;
        if (settings.policy() == LossSettings.PolicyForm.GSPO_TOKEN) {
          derivative[token] -= weighted * s;
        }
      }
    }
    if (settings.policy() == LossSettings.PolicyForm.GSPO) {
      for (int token : path) {
        derivative[token] += unclipped / path.length;
      }
    }
  }
}

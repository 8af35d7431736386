package org.treepo4j.rl.loss;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;

/**
 * The policy loss of trees over their <em>unique</em> tokens: exactly the loss, and the gradient,
 * of their flattened trajectories (algorithm page, section 4). A token that several trajectories
 * share has one ratio, so only the sums of their positive and negative advantages matter; where a
 * whole response has one, a token has the sum over the trajectories through it ({@link
 * PolicyTerms}).
 *
 * <p>One objective serves one mini-batch; it may be evaluated on the mini-batch's micro-batches one
 * after the other, whose losses and derivatives add up.
 */
public final class TreeObjective {
  private final LossSettings settings;
  private final LossNormalizer whole;

  /**
   * @param whole the normalizer of the whole mini-batch
   */
  public TreeObjective(LossSettings settings, LossNormalizer whole) {
    this.settings = settings;
    this.whole = whole;
  }

  /** The loss of a forward pass over the tokens of these trees, in their order. */
  public LossResult evaluate(List<TrainingTree> trees, ForwardPass pass) {
    float[][] logprobs = new float[trees.size()][];
    float[][] entropies = new float[trees.size()][];
    for (int tree = 0; tree < trees.size(); tree++) {
      logprobs[tree] = pass.logprobs(tree);
      entropies[tree] = pass.entropies(tree);
    }
    return evaluate(trees, logprobs, entropies);
  }

  /**
   * The loss of some of the mini-batch's trees.
   *
   * @param logprobs of every unique token under the present policy, {@code [trees][size]}
   * @param entropies of the distribution after every unique token, {@code [trees][size]}
   * @throws IllegalArgumentException when the settings ask for log-probabilities of a reference
   *     policy or of the sampler and a tree has none
   */
  public LossResult evaluate(List<TrainingTree> trees, float[][] logprobs, float[][] entropies) {
    float[][] dLogprob = new float[trees.size()][];
    float[][] dEntropy = settings.entropyCoefficient() == 0 ? null : new float[trees.size()][];
    double loss = 0;
    LossStatistics statistics = LossStatistics.NONE;
    for (int i = 0; i < trees.size(); i++) {
      TrainingTree tree = trees.get(i);
      if (settings.kl() == KlPlacement.LOSS && tree.referenceLogprobs() == null) {
        throw new IllegalArgumentException(
            "referenceLogprobs must be given for a KL term in the loss");
      }
      dLogprob[i] = new float[tree.uniqueTokens()];
      if (dEntropy != null) {
        dEntropy[i] = new float[tree.uniqueTokens()];
      }
      TreeSums sums = new TreeSums(tree, logprobs[i], entropies[i]);
      sums.run(dLogprob[i], dEntropy == null ? null : dEntropy[i]);
      loss += sums.loss;
      statistics = statistics.plus(sums.statistics());
    }
    return new LossResult(loss, dLogprob, dEntropy, statistics);
  }

  /**
   * The policy loss of one of the mini-batch's trees token by token, without KL and entropy terms:
   * the summands of {@link #evaluate}.
   *
   * @param logprobs of every unique token under the present policy, {@code [size]}
   * @return the tokens that trajectories pass through, in the order of the tree
   */
  public List<TokenLoss> explain(TrainingTree tree, float[] logprobs) {
    TokenShares shares = new TokenShares(tree, settings, whole);
    PolicyTerms terms = new PolicyTerms(settings, whole, tree, shares, logprobs);
    List<TokenLoss> losses = new ArrayList<>();
    for (int token = 1; token < tree.uniqueTokens(); token++) {
      if (shares.trajectories[token] == 0) {
        continue;
      }
      losses.add(
          new TokenLoss(
              token,
              shares.trajectories[token],
              shares.positive[token],
              shares.negative[token],
              terms.ratio[token],
              terms.loss[token],
              terms.derivative[token],
              terms.clipped[token] + terms.dualClipped[token] > 0));
    }
    return losses;
  }

  /** The walk over one tree's tokens. */
  private final class TreeSums {
    private final TrainingTree tree;
    private final float[] logprobs;
    private final float[] entropies;
    private double loss;
    private long tokens;
    private long clipped;
    private long dualClipped;
    private double ratios;
    private double behaviourKl;
    private double referenceKl;
    private double entropy;
    private double corrections;
    private long corrected;

    TreeSums(TrainingTree tree, float[] logprobs, float[] entropies) {
      this.tree = tree;
      this.logprobs = logprobs;
      this.entropies = entropies;
    }

    void run(float[] dLogprob, float[] dEntropy) {
      TokenShares shares = new TokenShares(tree, settings, whole);
      PolicyTerms terms = new PolicyTerms(settings, whole, tree, shares, logprobs);
      for (int token = 1; token < tree.uniqueTokens(); token++) {
        int trajectories = shares.trajectories[token];
        if (trajectories == 0) {
          continue;
        }
        loss += terms.loss[token];
        double derivative = terms.derivative[token];
        if (tree.referenceLogprobs() != null) {
          derivative += referenceTerm(token, shares.weight[token], trajectories);
        }
        dLogprob[token] = (float) derivative;
        int step = tree.tokens().parents()[token];
        if (dEntropy != null) {
          double coefficient = settings.entropyCoefficient() * shares.weight[token];
          loss -= coefficient * entropies[step];
          dEntropy[step] -= (float) coefficient;
        }
        tokens += trajectories;
        clipped += terms.clipped[token];
        dualClipped += terms.dualClipped[token];
        ratios += trajectories * terms.ratio[token];
        corrections += trajectories * shares.correction[token];
        corrected += limited(token) ? trajectories : 0;
        behaviourKl += trajectories * ((double) tree.oldLogprobs()[token] - logprobs[token]);
        entropy += trajectories * (double) entropies[step];
      }
    }

    private boolean limited(int token) {
      return settings.needsBehaviour()
          && settings
              .rolloutCorrection()
              .limits(
                  tree.oldLogprobs()[token],
                  tree.behaviourLogprobs()[token],
                  settings.rolloutCorrectionThreshold());
    }

    /** Adds the KL to the loss where it belongs there, and returns its derivative. */
    private double referenceTerm(int token, double weight, int trajectories) {
      double reference = tree.referenceLogprobs()[token];
      double kl = settings.klEstimator().value(logprobs[token], reference);
      referenceKl += trajectories * kl;
      if (settings.kl() != KlPlacement.LOSS) {
        return 0;
      }
      double coefficient = settings.klCoefficient() * weight;
      loss += coefficient * kl;
      return coefficient * settings.klEstimator().derivative(logprobs[token], reference);
    }

    LossStatistics statistics() {
      return new LossStatistics(
          tokens,
          clipped,
          dualClipped,
          ratios,
          behaviourKl,
          referenceKl,
          entropy,
          corrections,
          corrected);
    }
  }
}

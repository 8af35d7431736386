package org.treepo4j.rl.loss;

import org.treepo4j.laws.ScoredTrees;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;

/** The policy loss as docs/losses.md defines it, by trajectory and token. */
final class LossAsDefined {
  private LossAsDefined() {}

  /**
   * The losses of docs/losses.md, word by word, over trees of one path.
   *
   * @param frozen log-probabilities that a stop-gradient sees, {@code [chain][size]}
   */
  static double of(ScoredTrees chains, LossSettings settings, float[][] frozen) {
    double trajectories = chains.trees().size();
    double tokens = chains.trees().stream().mapToLong(TrainingTree::responseTokens).sum();
    double loss = 0;
    for (int i = 0; i < chains.trees().size(); i++) {
      TrainingTree chain = chains.trees().get(i);
      int[] path = chain.paths()[0];
      double whole = sequenceRatio(chain, chains.logprobs()[i]);
      double wholeFrozen = sequenceRatio(chain, frozen[i]);
      double sum = 0;
      for (int t = 0; t < path.length; t++) {
        double advantage = chain.advantages()[0][t];
        double logprob = chains.logprobs()[i][path[t]];
        double old = chain.oldLogprobs()[path[t]];
        double r = Math.exp(logprob - old);
        double token =
            switch (settings.policy()) {
              case PPO -> {
                double clipped = clipped(advantage, r, settings);
                yield advantage < 0 && settings.dualClip() > 0
                    ? Math.min(clipped, -advantage * settings.dualClip())
                    : clipped;
              }
              case CISPO ->
                  -advantage * clip(Math.exp(frozen[i][path[t]] - old), settings) * logprob;
              case GSPO -> clipped(advantage, whole, settings);
              case GSPO_TOKEN ->
                  clipped(
                      advantage, wholeFrozen * Math.exp(logprob - frozen[i][path[t]]), settings);
            };
        double correction = Math.exp(old - chain.behaviourLogprobs()[path[t]]);
        double threshold = settings.rolloutCorrectionThreshold();
        token *=
            switch (settings.rolloutCorrection()) {
              case AUTO, NONE -> 1;
              case TRUNCATE -> Math.min(threshold, correction);
              case MASK -> correction > threshold ? 0 : correction;
            };
        if (settings.kl() == KlPlacement.LOSS) {
          double d = chain.referenceLogprobs()[path[t]] - logprob;
          token +=
              settings.klCoefficient()
                  * (settings.klEstimator() == KlEstimator.K1
                      ? -d
                      : Math.min(10, Math.exp(d) - d - 1));
        }
        token -= settings.entropyCoefficient() * chains.entropies()[i][path[t] - 1];
        sum += token;
      }
      loss +=
          switch (settings.aggregation()) {
            case TOKEN_MEAN -> sum / tokens;
            case SEQ_MEAN_TOKEN_SUM -> sum / trajectories;
            case SEQ_MEAN_TOKEN_MEAN -> sum / path.length / trajectories;
            case SEQ_MEAN_TOKEN_SUM_NORM -> sum / settings.normLength() / trajectories;
          };
    }
    return loss;
  }

  private static double sequenceRatio(TrainingTree chain, float[] logprobs) {
    double sum = 0;
    for (int token : chain.paths()[0]) {
      sum += (double) logprobs[token] - chain.oldLogprobs()[token];
    }
    return Math.exp(sum / chain.paths()[0].length);
  }

  private static double clip(double ratio, LossSettings settings) {
    return Math.max(1 - settings.clipLow(), Math.min(1 + settings.clipHigh(), ratio));
  }

  private static double clipped(double advantage, double ratio, LossSettings settings) {
    return Math.max(-advantage * ratio, -advantage * clip(ratio, settings));
  }
}

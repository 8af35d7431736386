package org.treepo4j.rl.train;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.loss.Packing;

/**
 * Log-probabilities of sampled tokens under a model, without gradients.
 *
 * @param temperature of the sampling whose log-probabilities are wanted
 * @param microBatchTokens unique tokens per forward pass
 */
record Scoring(double temperature, int microBatchTokens) {

  /** {@code [trees][size]}, as {@link ForwardPass#logprobs}. */
  List<float[]> logprobs(CausalLm model, List<TokenTree> trees) {
    ForwardOptions options = new ForwardOptions(temperature, false);
    List<float[]> logprobs = new ArrayList<>();
    for (List<TokenTree> batch : Packing.byBudget(trees, TokenTree::size, microBatchTokens)) {
      try (ForwardPass pass = model.forward(batch, options)) {
        for (int tree = 0; tree < batch.size(); tree++) {
          logprobs.add(pass.logprobs(tree));
        }
      }
    }
    return logprobs;
  }
}

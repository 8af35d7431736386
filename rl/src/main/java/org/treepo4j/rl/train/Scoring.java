package org.treepo4j.rl.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.loss.MicroBatch;

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
    for (MicroBatch batch : MicroBatch.split(trees, microBatchTokens)) {
      List<TokenTree> merged = batch.trees();
      try (ForwardPass pass = model.forward(merged, options)) {
        float[][] ofMerged = new float[merged.size()][];
        Arrays.setAll(ofMerged, pass::logprobs);
        for (MicroBatch.Place place : batch.places()) {
          logprobs.add(gather(ofMerged[place.tree()], place.indices()));
        }
      }
    }
    return logprobs;
  }

  private static float[] gather(float[] values, int[] indices) {
    float[] gathered = new float[indices.length];
    for (int t = 0; t < indices.length; t++) {
      gathered[t] = values[indices[t]];
    }
    return gathered;
  }
}

package org.treepo4j.rollout;

/**
 * One segment of a rollout tree. Arrays are not copied.
 *
 * @param id positive, unique in its tree; node 0 is the prompt and is not listed
 * @param parent id of the node it continues; 0 for the prompt
 * @param tokens sampled token ids, at least one
 * @param logprobs log-probability in nats of each token under the distribution it was sampled from
 *     (after temperature and truncation)
 * @param modelLogprobs log-probability of each token under the model's own distribution
 *     (temperature 1, nothing truncated)
 * @param entropies entropy in nats of the model's own distribution at each step
 */
public record SegmentNode(
    int id,
    int parent,
    int[] tokens,
    double[] logprobs,
    double[] modelLogprobs,
    double[] entropies) {

  public SegmentNode {
    if (id <= 0) {
      throw new IllegalArgumentException("node id must be positive, was " + id);
    }
    if (parent < 0 || parent == id) {
      throw new IllegalArgumentException("parent of node " + id + " is not a node: " + parent);
    }
    if (tokens.length == 0) {
      throw new IllegalArgumentException("node " + id + " must hold at least one token");
    }
    sameLength(id, "logprobs", logprobs, tokens.length);
    sameLength(id, "modelLogprobs", modelLogprobs, tokens.length);
    sameLength(id, "entropies", entropies, tokens.length);
  }

  private static void sameLength(int id, String name, double[] values, int tokens) {
    if (values.length != tokens) {
      throw new IllegalArgumentException(
          name + " of node " + id + " must have " + tokens + " values, had " + values.length);
    }
  }
}

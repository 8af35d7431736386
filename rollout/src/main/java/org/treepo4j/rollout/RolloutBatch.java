package org.treepo4j.rollout;

import java.util.List;

/**
 * The outcome of one rollout.
 *
 * @param trees one for each prompt, in the order of the prompts
 * @param responses texts of their trajectories, by tree
 * @param statistics of the whole batch
 * @param promptStatistics of each prompt
 */
public record RolloutBatch(
    List<RolloutTree> trees,
    List<List<String>> responses,
    RolloutStatistics statistics,
    List<RolloutStatistics> promptStatistics) {

  public RolloutBatch {
    trees = List.copyOf(trees);
    responses = List.copyOf(responses);
    promptStatistics = List.copyOf(promptStatistics);
  }
}

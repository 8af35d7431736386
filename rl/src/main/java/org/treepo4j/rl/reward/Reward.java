package org.treepo4j.rl.reward;

/**
 * Scores a response. Called from several threads at once.
 *
 * <p>A reward that holds resources also implements {@link AutoCloseable}; the {@link RewardRunner}
 * that runs it closes it.
 */
@FunctionalInterface
public interface Reward {

  /**
   * The score of one response.
   *
   * @throws Exception whatever goes wrong: the runner counts it and gives the failure score
   */
  Score score(RewardInput input) throws Exception;
}

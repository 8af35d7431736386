package org.treepo4j.rl.reward;

import java.time.Duration;

/** A reward that may have to start something first; that time is not the response's. */
interface StartingReward extends Reward {

  /** The time limit of the response being scored. */
  interface Clock {
    /** Stops the clock, for a wait that is sure to end. */
    void pause();

    /** Starts it anew, with more time than the limit. */
    void restart(Duration extra);
  }

  /** Where nobody looks at the clock. */
  Clock NO_CLOCK =
      new Clock() {
        @Override
        public void pause() {}

        @Override
        public void restart(Duration extra) {}
      };

  Score score(RewardInput input, Clock clock) throws Exception;

  @Override
  default Score score(RewardInput input) throws Exception {
    return score(input, NO_CLOCK);
  }

  /** Scores with any reward; those that start something may use the clock. */
  static Score score(Reward reward, RewardInput input, Clock clock) throws Exception {
    return reward instanceof StartingReward starting
        ? starting.score(input, clock)
        : reward.score(input);
  }
}

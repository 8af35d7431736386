/**
 * Rewards: {@link org.treepo4j.rl.reward.Reward} scores one response, {@link
 * org.treepo4j.rl.reward.RewardRunner} scores a batch within time limits and never fails, {@link
 * org.treepo4j.rl.reward.RewardSettings} says which rewards are summed.
 */
package org.treepo4j.rl.reward;

/**
 * Reinforcement learning: {@link org.treepo4j.rl.train.Trainer} turns prompts and rewards into a
 * better policy step by step, and leaves checkpoints from which it goes on as if never stopped.
 */
package org.treepo4j.rl.train;

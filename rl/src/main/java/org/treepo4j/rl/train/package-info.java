/**
 * Training runs: {@link org.treepo4j.rl.train.Trainer} turns prompts and rewards into a better
 * policy step by step, {@link org.treepo4j.rl.train.SupervisedTrainer} learns from written answers.
 * Both leave checkpoints from which they go on as if never stopped.
 */
package org.treepo4j.rl.train;

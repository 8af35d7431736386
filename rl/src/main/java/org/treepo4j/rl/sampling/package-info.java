/**
 * From tasks to scored trees: prompts are encoded, trees sampled and trajectories rewarded, for
 * training and for evaluation.
 */
package org.treepo4j.rl.sampling;

/**
 * Tree sampling in pure Java against {@link org.treepo4j.model.BranchingDecoder}.
 *
 * <p>Most callers need {@link org.treepo4j.rollout.TreeSampler}, which makes {@link
 * org.treepo4j.rollout.RolloutTree}s as {@link org.treepo4j.rollout.RolloutSettings} say, and
 * {@link org.treepo4j.rollout.TreeJsonlReader} and {@link org.treepo4j.rollout.TreeJsonlWriter} for
 * files of them. The algorithm, with the paper's name of every policy, is told in {@code
 * docs/rollout.md}.
 */
package org.treepo4j.rollout;

package org.treepo4j.rl.loss;

/**
 * What one unique token of a tree brings to the policy loss, for inspection and teaching (algorithm
 * page, section 4).
 *
 * @param token its index in the tree's tokens
 * @param trajectories how many trajectories pass through it
 * @param positive {@code P}: weighted sum of their positive advantages
 * @param negative {@code N}: weighted sum of their absolute negative advantages
 * @param ratio {@code r = exp(logp − logp_old)}
 * @param loss its summand of the mini-batch's policy loss
 * @param dLogprob derivative of the loss by its log-probability; below 0 where the update is to
 *     make the token likelier
 * @param clipped whether the clip range or the dual clip holds {@code P} or {@code N} back
 */
public record TokenLoss(
    int token,
    int trajectories,
    double positive,
    double negative,
    double ratio,
    double loss,
    double dLogprob,
    boolean clipped) {}

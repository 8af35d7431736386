package org.treepo4j.rollout;

/**
 * What an allotment may know of an active path.
 *
 * @param cumulativeLogprob sum over the response, in nats
 * @param normalisedLogprob mean over the response
 * @param nodeLogprob mean over the last segment
 * @param nodeEntropy mean step entropy of the last segment
 */
record PathScores(
    double cumulativeLogprob, double normalisedLogprob, double nodeLogprob, double nodeEntropy) {}

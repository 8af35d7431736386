package org.treepo4j.rl.eval;

/**
 * A measured mean with its confidence interval.
 *
 * @param value the mean
 * @param low lower end of the interval
 * @param high upper end of the interval
 */
public record Estimate(double value, double low, double high) {}

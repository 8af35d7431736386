/**
 * What a run tells about itself: {@link org.treepo4j.rl.metrics.MetricsLog} keeps one line per step
 * for people and machines. Every metric is explained in docs/metrics.md.
 */
package org.treepo4j.rl.metrics;

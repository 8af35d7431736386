/**
 * Advantages of sampled trees: one number per trajectory and response token. {@link
 * org.treepo4j.rl.advantage.AdvantageEstimator} is what a trainer calls, {@link
 * org.treepo4j.rl.advantage.AdvantageEstimators} finds one by name. Formulas: docs/estimators.
 */
package org.treepo4j.rl.advantage;

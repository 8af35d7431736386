/**
 * Losses as a value and its derivatives by log-probability and entropy; the engine chains these
 * into the weights. {@link org.treepo4j.rl.loss.TreeObjective} is the policy loss over trees,
 * {@link org.treepo4j.rl.loss.SftObjective} the supervised one. Formulas: docs/losses.md.
 */
package org.treepo4j.rl.loss;

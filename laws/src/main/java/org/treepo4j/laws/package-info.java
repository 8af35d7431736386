/**
 * The laws as a kit: a test class that implements {@link org.treepo4j.laws.EstimatorLaws}, {@link
 * org.treepo4j.laws.LossLaws}, {@link org.treepo4j.laws.AllotmentLaws}, {@link
 * org.treepo4j.laws.TokenizerLaws} or {@link org.treepo4j.laws.EngineLaws} has them run on a part
 * of one's own; {@link org.treepo4j.laws.Samples} generates what they are tried on.
 */
package org.treepo4j.laws;

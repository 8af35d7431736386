/**
 * Training steps on Apache Spark: trees are sampled and scored, and gradients computed, by
 * executors that keep the model from job to job; everything else stays with the driver.
 */
package org.treepo4j.spark;

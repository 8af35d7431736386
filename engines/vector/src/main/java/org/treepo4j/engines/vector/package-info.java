/**
 * The {@code vector} engine: transformers in pure Java on {@code float[]} with the JDK's Vector
 * API. {@link org.treepo4j.engines.vector.VectorCausalLm} is the door; the rest is its kernels,
 * each with forward and backward side by side.
 */
package org.treepo4j.engines.vector;

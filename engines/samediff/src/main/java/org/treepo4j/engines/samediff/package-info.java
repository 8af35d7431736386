/**
 * The {@code samediff} engine. {@link org.treepo4j.engines.samediff.SameDiffCausalLm} is the way
 * in; {@code BlockGraph} and {@code HeadGraph} are the transformer, and read like its paper.
 */
package org.treepo4j.engines.samediff;

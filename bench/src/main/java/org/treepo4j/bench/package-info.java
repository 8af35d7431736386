/**
 * Side-by-side speed of the engines: {@link org.treepo4j.bench.Bench} measures the machine's limits
 * first, then sampling and training of a few shapes, each with its fraction of the limit.
 */
package org.treepo4j.bench;

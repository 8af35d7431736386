/**
 * The engine {@code vector-onednn}: the vector engine, whose decoders have their large products
 * computed by oneDNN.
 */
package org.treepo4j.engines.onednn;

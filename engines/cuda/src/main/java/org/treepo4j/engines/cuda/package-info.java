/**
 * The engine for NVIDIA GPUs of compute capability 8.0 and later: our own kernels, called through
 * the driver, which is all of NVIDIA's that a machine needs.
 */
package org.treepo4j.engines.cuda;

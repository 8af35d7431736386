/**
 * Weights and checkpoints on disk: safetensors, Hugging Face folders and {@link
 * org.treepo4j.checkpoints.ModelConfig}. Nothing here computes with tensors.
 */
package org.treepo4j.checkpoints;

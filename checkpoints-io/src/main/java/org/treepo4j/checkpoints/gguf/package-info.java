/**
 * Reads GGUF files: the container with its metadata and tensors, the number types, and models with
 * the names and layout of a Hugging Face folder.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>
 */
package org.treepo4j.checkpoints.gguf;

/**
 * Weights and checkpoints on disk. {@link org.treepo4j.checkpoints.HfFolder} opens a Hugging Face
 * model folder, {@link org.treepo4j.checkpoints.HfExport} writes one, {@link
 * org.treepo4j.checkpoints.CheckpointStore} keeps the checkpoints of a training run, and {@link
 * org.treepo4j.checkpoints.SafetensorsFile} and {@link org.treepo4j.checkpoints.SafetensorsWriter}
 * are the format underneath. Nothing here computes with tensors.
 */
package org.treepo4j.checkpoints;

package org.treepo4j.checkpoints;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How a model folder is written.
 *
 * @param dtype element type of every tensor: F32, F16 or BF16
 * @param maxShardBytes most bytes of tensors in one file; a larger tensor gets a file of its own
 * @param carryFrom folder whose tokenizer, chat template and generation settings are carried over
 * @param partsFrom folder or GGUF file that the model was read from: where it is a folder that
 *     holds more than a text model (vision, multi-token prediction), this goes along bit for bit,
 *     and the text model is written under the names and into the configuration that it has there.
 *     Empty to write the text model alone
 */
public record ExportOptions(
    DType dtype, long maxShardBytes, Optional<Path> carryFrom, Optional<Path> partsFrom) {
  /** The limit of {@code transformers}: 5 GB. */
  public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

  public ExportOptions {
    if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
      throw new IllegalArgumentException("dtype must be F32, F16 or BF16, was " + dtype);
    }
    if (maxShardBytes <= 0) {
      throw new IllegalArgumentException("maxShardBytes must be positive, was " + maxShardBytes);
    }
  }

  /** The text model alone. */
  public ExportOptions(DType dtype, long maxShardBytes, Optional<Path> carryFrom) {
    this(dtype, maxShardBytes, carryFrom, Optional.empty());
  }

  /** With what a folder holds besides the text model. */
  public ExportOptions withPartsOf(Path folder) {
    return new ExportOptions(dtype, maxShardBytes, carryFrom, Optional.of(folder));
  }

  /** One file up to {@link #DEFAULT_SHARD_BYTES}. */
  public static ExportOptions of(DType dtype, Optional<Path> carryFrom) {
    return new ExportOptions(dtype, DEFAULT_SHARD_BYTES, carryFrom);
  }
}

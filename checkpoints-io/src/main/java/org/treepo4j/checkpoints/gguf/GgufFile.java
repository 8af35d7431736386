package org.treepo4j.checkpoints.gguf;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.base.files.InputFile;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.SafetensorsFile;

/**
 * A GGUF file (version 2 or 3, little endian), opened by its metadata and list of tensors alone;
 * tensors are read when asked for, from any number of threads. They are read by position and not
 * through a mapping, for the reasons given at {@link SafetensorsFile}.
 */
public final class GgufFile implements AutoCloseable {
  private static final int CHUNK = 1 << 20;
  private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

  private final Path file;
  private final FileChannel channel;
  private final GgufHead head;

  private GgufFile(Path file, FileChannel channel, GgufHead head) {
    this.file = file;
    this.channel = channel;
    this.head = head;
  }

  /**
   * Opens a file and holds all but the tensors' data to the format's rules.
   *
   * @throws CheckpointException when it cannot be read or breaks a rule
   */
  public static GgufFile open(Path file) throws CheckpointException {
    if (Files.isDirectory(file)) {
      throw new CheckpointException(file, "is a folder, not a GGUF file");
    }
    FileChannel channel = null;
    try {
      Optional<String> problem = InputFile.problem(file, "GGUF");
      if (problem.isPresent()) {
        throw new CheckpointException(file, problem.get());
      }
      channel = FileChannel.open(file, StandardOpenOption.READ);
      GgufFile opened = new GgufFile(file, channel, GgufHead.read(file, channel));
      channel = null;
      return opened;
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be read", e);
    } finally {
      closeQuietly(channel);
    }
  }

  public Path path() {
    return file;
  }

  /** The version of the format, 2 or 3. */
  public int version() {
    return head.version();
  }

  public GgufMetadata metadata() {
    return head.metadata();
  }

  /** All tensors by name, in the order of the file's list. */
  public Map<String, GgufTensor> tensors() {
    return head.tensors();
  }

  /**
   * The elements of a tensor in float32, row-major, as ggml's reference dequantises them.
   *
   * @throws CheckpointException when there is no such tensor, or its type is not supported
   */
  public float[] readFloats(String name) throws CheckpointException {
    GgufTensor tensor = tensors().get(name);
    if (tensor == null) {
      throw new CheckpointException(file, "has no tensor " + quoted(name));
    }
    requireReadable(tensor);
    if (tensor.elements() > LONGEST_ARRAY) {
      throw new CheckpointException(
          file,
          "tensor %s has %d elements, more than the %d of a Java array"
              .formatted(quoted(name), tensor.elements(), LONGEST_ARRAY));
    }
    float[] values = new float[(int) tensor.elements()];
    try {
      decode(tensor, values);
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot read tensor " + quoted(name), e);
    }
    return values;
  }

  /**
   * Refuses a tensor whose type {@link #readFloats} cannot read.
   *
   * @throws CheckpointException with the type's name
   */
  void requireReadable(GgufTensor tensor) throws CheckpointException {
    if (!tensor.type().isReadable()) {
      throw new CheckpointException(
          file,
          "tensor %s is of type %s, which is not supported; supported are %s"
              .formatted(quoted(tensor.name()), tensor.type(), GgmlType.readable()));
    }
  }

  private void decode(GgufTensor tensor, float[] values) throws IOException {
    GgmlType type = tensor.type();
    int blocks = values.length / type.blockElements();
    int perChunk = CHUNK / type.blockBytes();
    ByteBuffer buffer =
        ByteBuffer.allocate(Math.min(blocks, perChunk) * type.blockBytes())
            .order(ByteOrder.LITTLE_ENDIAN);
    int n;
    for (int block = 0; block < blocks; block += n) {
      n = Math.min(perChunk, blocks - block);
      buffer.clear().limit(n * type.blockBytes());
      fill(tensor.begin() + (long) block * type.blockBytes(), buffer);
      type.decoder().decode(buffer.flip(), n, values, block * type.blockElements());
    }
  }

  private void fill(long position, ByteBuffer buffer) throws IOException {
    long at = position;
    while (buffer.hasRemaining()) {
      int read = channel.read(buffer, at);
      if (read < 0) {
        throw new EOFException("the file became shorter while open");
      }
      at += read;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static void closeQuietly(FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // The refusal of the file is on its way to the caller and says more.
      }
    }
  }
}

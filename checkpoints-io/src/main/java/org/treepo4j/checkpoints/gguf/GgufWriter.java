package org.treepo4j.checkpoints.gguf;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.TensorValues;

/**
 * Writes a GGUF file of version 3, little endian, from front to back, so that one tensor at a time
 * is in memory. The file appears under its name as a whole. It is the inverse of {@link GgufFile}.
 */
final class GgufWriter {
  private static final int VERSION = 3;
  private static final int BUFFER = 1 << 20;

  private final Path file;
  private final DataOutputStream out;
  private final long alignment;
  private final ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
  private long written;

  private GgufWriter(Path file, OutputStream out, long alignment) {
    this.file = file;
    this.out = new DataOutputStream(new BufferedOutputStream(out, BUFFER));
    this.alignment = alignment;
  }

  /**
   * Writes a file.
   *
   * @param metadata keys and values in their order; {@code general.alignment} is kept
   * @param tensors in their order; where they say that they begin and end is not looked at
   * @param values gives the elements of each by the name it has here
   * @throws CheckpointException when it cannot be written, or a number is not finite or too large
   *     for its type
   */
  static void write(
      Path file, Map<String, GgufValue> metadata, List<GgufTensor> tensors, TensorValues values)
      throws CheckpointException {
    try (WholeFile whole = WholeFile.create(file)) {
      long alignment = GgufHead.alignment(new GgufMetadata(file, metadata));
      GgufWriter writer = new GgufWriter(file, whole.output(), alignment);
      writer.head(metadata, tensors);
      for (GgufTensor tensor : tensors) {
        writer.tensor(tensor, values.of(tensor.name()));
      }
      writer.out.flush();
      whole.commit();
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be written", e);
    }
  }

  private void head(Map<String, GgufValue> metadata, List<GgufTensor> tensors) throws IOException {
    bytes(GgufHead.MAGIC.getBytes(StandardCharsets.US_ASCII));
    integer(VERSION, 4);
    integer(tensors.size(), 8);
    integer(metadata.size(), 8);
    for (Map.Entry<String, GgufValue> entry : metadata.entrySet()) {
      text(entry.getKey());
      GgufValue value = entry.getValue();
      integer(value.array() ? GgufValue.Type.ARRAY.ordinal() : value.type().ordinal(), 4);
      value(value);
    }
    long offset = 0;
    for (GgufTensor tensor : tensors) {
      text(tensor.name());
      integer(tensor.shape().size(), 4);
      List<Long> fastestFirst = new ArrayList<>(tensor.shape());
      Collections.reverse(fastestFirst);
      for (long size : fastestFirst) {
        integer(size, 8);
      }
      integer(tensor.type().number(), 4);
      integer(offset, 8);
      offset = Math.addExact(offset, tensor.end() - tensor.begin() + alignment - 1) & -alignment;
    }
    pad();
  }

  /** A value without its own type in front; an array with that of its elements. */
  private void value(GgufValue value) throws IOException {
    if (!value.array()) {
      scalar(value.type(), value.value());
      return;
    }
    integer(value.type().ordinal(), 4);
    int length = Array.getLength(value.value());
    integer(length, 8);
    for (int i = 0; i < length; i++) {
      Object element = Array.get(value.value(), i);
      if (element instanceof GgufValue nested) {
        value(nested);
      } else {
        scalar(value.type(), element);
      }
    }
  }

  private void scalar(GgufValue.Type type, Object value) throws IOException {
    if (type.isInteger()) {
      integer((Long) value, type.leastBytes());
      return;
    }
    switch (type) {
      case F32 -> integer(Float.floatToRawIntBits(((Double) value).floatValue()), 4);
      case F64 -> integer(Double.doubleToRawLongBits((Double) value), 8);
      case BOOL -> integer((Boolean) value ? 1 : 0, 1);
      default -> text((String) value);
    }
  }

  private void tensor(GgufTensor tensor, float[] values) throws IOException {
    if (tensor.elements() != values.length) {
      throw new IllegalArgumentException(
          "tensor %s of shape %s cannot take %d values"
              .formatted(quoted(tensor.name()), tensor.shape(), values.length));
    }
    GgmlType type = tensor.type();
    for (float value : values) {
      if (!(Math.abs(value) <= type.largest())) {
        throw new CheckpointException(
            file,
            "tensor %s holds %s, which %s cannot hold"
                .formatted(quoted(tensor.name()), value, type));
      }
    }
    int perChunk = BUFFER / type.blockBytes() * type.blockElements();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    int n;
    for (int at = 0; at < values.length; at += n) {
      n = Math.min(perChunk, values.length - at);
      buffer.clear();
      type.encoder().encode(values, at, n, buffer);
      out.write(buffer.array(), 0, buffer.position());
      written += buffer.position();
    }
    pad();
  }

  private void text(String text) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    integer(utf8.length, 8);
    bytes(utf8);
  }

  private void integer(long value, int bytes) throws IOException {
    number.putLong(0, value);
    out.write(number.array(), 0, bytes);
    written += bytes;
  }

  private void bytes(byte[] bytes) throws IOException {
    out.write(bytes);
    written += bytes.length;
  }

  private void pad() throws IOException {
    bytes(new byte[(int) (-written & alignment - 1)]);
  }
}

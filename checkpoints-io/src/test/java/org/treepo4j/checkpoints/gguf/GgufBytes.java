package org.treepo4j.checkpoints.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The bytes of a GGUF file of version 3, value by value. */
final class GgufBytes {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** Begins with the header. */
  GgufBytes(long tensors, long keys) {
    bytes.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    i32(3).i64(tensors).i64(keys);
  }

  GgufBytes i8(int value) {
    bytes.write(value);
    return this;
  }

  GgufBytes i32(int value) {
    bytes.writeBytes(buffer(4).putInt(value).array());
    return this;
  }

  GgufBytes i64(long value) {
    bytes.writeBytes(buffer(8).putLong(value).array());
    return this;
  }

  GgufBytes f32(float value) {
    return i32(Float.floatToRawIntBits(value));
  }

  /** Length and UTF-8. */
  GgufBytes text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    i64(utf8.length);
    bytes.writeBytes(utf8);
    return this;
  }

  /** Zeros up to the alignment, and then so many bytes of zeros. */
  GgufBytes padded(int alignment, int more) {
    bytes.writeBytes(new byte[-bytes.size() & alignment - 1]);
    bytes.writeBytes(new byte[more]);
    return this;
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}

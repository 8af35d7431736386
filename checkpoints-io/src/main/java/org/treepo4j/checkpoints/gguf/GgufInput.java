package org.treepo4j.checkpoints.gguf;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.treepo4j.checkpoints.CheckpointException;

/**
 * The head of a GGUF file, read from front to back. Nothing is allocated for what the file claims
 * before it is known to hold that many bytes.
 */
final class GgufInput {
  private static final int BUFFER = 1 << 16;

  /** Vocabularies of 260,000 tokens take about 10 MB. */
  private static final long MAX_HEAD = 512L << 20;

  private static final int MAX_ELEMENTS = 1 << 24;
  private static final int MAX_NESTING = 4;

  private final Path file;
  private final FileChannel channel;
  private final long size;
  private final ByteBuffer buffer;

  /** Where in the file the buffer ends. */
  private long bufferEnd;

  /** The part of the file that is being read, for messages: header, metadata, list of tensors. */
  private String part = "header";

  GgufInput(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    this.size = channel.size();
    this.buffer =
        ByteBuffer.allocate((int) Math.min(BUFFER, Math.max(8, size)))
            .order(ByteOrder.LITTLE_ENDIAN)
            .limit(0);
  }

  void enter(String part) {
    this.part = part;
  }

  long position() {
    return bufferEnd - buffer.remaining();
  }

  long remaining() {
    return size - position();
  }

  long size() {
    return size;
  }

  CheckpointException refused(String problem) {
    return new CheckpointException(file, problem);
  }

  /** Up to so many of the next bytes as text, without moving on. */
  String peek(int bytes) throws IOException {
    int n = (int) Math.min(bytes, remaining());
    ByteBuffer ahead = need(n);
    byte[] copy = new byte[n];
    ahead.get(ahead.position(), copy);
    return new String(copy, StandardCharsets.ISO_8859_1);
  }

  int readInt() throws IOException {
    return need(Integer.BYTES).getInt();
  }

  long readLong() throws IOException {
    return need(Long.BYTES).getLong();
  }

  /** A count that the rest of the file might hold; nothing may be allocated for it at once. */
  int readCount(String what) throws IOException {
    long count = readLong();
    if (count < 0 || count > remaining() || count > Integer.MAX_VALUE) {
      throw refused(
          "the header claims %s %s, more than the file of %d bytes can hold"
              .formatted(Long.toUnsignedString(count), what, size));
    }
    return (int) count;
  }

  /**
   * @param what names the string in messages
   */
  String readString(String what) throws IOException {
    long length = readLong();
    if (length < 0 || length > remaining()) {
      throw refused(
          "the file ends within the %s: the length %s of %s runs past the end of the file"
              .formatted(part, Long.toUnsignedString(length), what));
    }
    requireHead(length);
    byte[] bytes = new byte[(int) length];
    readFully(bytes);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw refused(
          what + " is not valid UTF-8: " + quoted(new String(bytes, StandardCharsets.ISO_8859_1)));
    }
  }

  /**
   * @param key names the value in messages
   */
  GgufValue readValue(String key) throws IOException {
    GgufValue.Type type = type(readInt(), key, "value of unknown type");
    return type == GgufValue.Type.ARRAY
        ? readArray(key, 1)
        : new GgufValue(type, false, readScalar(type, key));
  }

  private GgufValue.Type type(int number, String key, String problem) throws CheckpointException {
    GgufValue.Type[] types = GgufValue.Type.values();
    if (number < 0 || number >= types.length) {
      throw refused(
          "metadata %s has a %s %s"
              .formatted(quoted(key), problem, Integer.toUnsignedString(number)));
    }
    return types[number];
  }

  private GgufValue readArray(String key, int depth) throws IOException {
    GgufValue.Type type = type(readInt(), key, "array of unknown element type");
    if (type == GgufValue.Type.ARRAY && depth >= MAX_NESTING) {
      throw refused(
          "metadata %s has arrays nested more than %d deep".formatted(quoted(key), MAX_NESTING));
    }
    long count = readLong();
    if (count < 0 || count > remaining() / type.leastBytes()) {
      throw refused(
          "metadata %s claims an array of %s elements, more than the file can hold"
              .formatted(quoted(key), Long.toUnsignedString(count)));
    }
    if (count > MAX_ELEMENTS) {
      throw refused(
          "metadata %s has an array of %d elements, more than the %d allowed"
              .formatted(quoted(key), count, MAX_ELEMENTS));
    }
    return new GgufValue(type, true, readElements(type, (int) count, key, depth));
  }

  private Object readElements(GgufValue.Type type, int count, String key, int depth)
      throws IOException {
    if (type.isInteger()) {
      long[] values = new long[count];
      for (int i = 0; i < count; i++) {
        values[i] = readInteger(type);
      }
      return values;
    }
    return switch (type) {
      case F32, F64 -> {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
          values[i] = readFloat(type);
        }
        yield values;
      }
      case BOOL -> {
        boolean[] values = new boolean[count];
        for (int i = 0; i < count; i++) {
          values[i] = readBoolean(key);
        }
        yield values;
      }
      case STRING -> {
        String[] values = new String[count];
        for (int i = 0; i < count; i++) {
          values[i] = readString("element " + i + " of metadata " + quoted(key));
        }
        yield values;
      }
      default -> {
        GgufValue[] values = new GgufValue[count];
        for (int i = 0; i < count; i++) {
          values[i] = readArray(key, depth + 1);
        }
        yield values;
      }
    };
  }

  private Object readScalar(GgufValue.Type type, String key) throws IOException {
    if (type.isInteger()) {
      return readInteger(type);
    }
    return switch (type) {
      case F32, F64 -> readFloat(type);
      case BOOL -> readBoolean(key);
      default -> readString("metadata " + quoted(key));
    };
  }

  private long readInteger(GgufValue.Type type) throws IOException {
    ByteBuffer bytes = need(type.leastBytes());
    return switch (type) {
      case U8 -> bytes.get() & 0xff;
      case I8 -> bytes.get();
      case U16 -> bytes.getShort() & 0xffff;
      case I16 -> bytes.getShort();
      case U32 -> bytes.getInt() & 0xffff_ffffL;
      case I32 -> bytes.getInt();
      default -> bytes.getLong();
    };
  }

  private double readFloat(GgufValue.Type type) throws IOException {
    ByteBuffer bytes = need(type.leastBytes());
    return type == GgufValue.Type.F32 ? bytes.getFloat() : bytes.getDouble();
  }

  private boolean readBoolean(String key) throws IOException {
    int value = need(1).get();
    if (value != 0 && value != 1) {
      throw refused("metadata %s: %d is neither true nor false".formatted(quoted(key), value));
    }
    return value == 1;
  }

  private void readFully(byte[] bytes) throws IOException {
    int done = 0;
    while (done < bytes.length) {
      if (!buffer.hasRemaining()) {
        need(1);
      }
      int n = Math.min(buffer.remaining(), bytes.length - done);
      buffer.get(bytes, done, n);
      done += n;
    }
  }

  /** The buffer with at least so many bytes in it. */
  private ByteBuffer need(int bytes) throws IOException {
    if (buffer.remaining() >= bytes) {
      return buffer;
    }
    if (remaining() < bytes) {
      throw refused("the file ends within the " + part);
    }
    requireHead(bytes);
    buffer.compact();
    while (buffer.hasRemaining() && bufferEnd < size) {
      int read = channel.read(buffer, bufferEnd);
      if (read < 0) {
        throw new EOFException("the file became shorter while open");
      }
      bufferEnd += read;
    }
    return buffer.flip();
  }

  private void requireHead(long more) throws CheckpointException {
    if (position() + more > MAX_HEAD) {
      throw refused("metadata and list of tensors take more than " + (MAX_HEAD >> 20) + " MB");
    }
  }
}

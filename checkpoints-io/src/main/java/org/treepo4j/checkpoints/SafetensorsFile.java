package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.base.files.Fingerprint;
import org.treepo4j.base.files.InputFile;

/**
 * A safetensors file, opened by its header alone; tensors are read when asked for, from any number
 * of threads, in files of any size.
 *
 * <p>Tensors are read by position through a buffer of at most {@value #CHUNK} bytes and not through
 * {@code FileChannel.map}: on Java 17 a mapping lives until the garbage collector finds it, which
 * pins the file after {@link #close()}, and a file that somebody truncates meanwhile kills the
 * reader with SIGBUS instead of an exception. The price is one copy more (4 against 6 GB/s from the
 * page cache), far above what disks give.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int LENGTH_BYTES = 8;
  private static final int CHUNK = 1 << 20;
  private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

  private final Path file;
  private final FileChannel channel;
  private final long dataStart;
  private final SafetensorsHeader header;

  private SafetensorsFile(
      Path file, FileChannel channel, long dataStart, SafetensorsHeader header) {
    this.file = file;
    this.channel = channel;
    this.dataStart = dataStart;
    this.header = header;
  }

  /**
   * Opens a file and holds its header to the format's rules.
   *
   * @throws CheckpointException when it cannot be read or breaks a rule
   */
  public static SafetensorsFile open(Path file) throws CheckpointException {
    FileChannel channel = null;
    try {
      Optional<String> problem = InputFile.notAFile(file);
      if (problem.isEmpty() && !beginsWithHeader(file)) {
        problem = InputFile.problem(file, "safetensors");
      }
      if (problem.isPresent()) {
        throw new CheckpointException(file, problem.get());
      }
      channel = FileChannel.open(file, StandardOpenOption.READ);
      SafetensorsFile opened = open(file, channel);
      channel = null;
      return opened;
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be read", e);
    } finally {
      closeQuietly(channel);
    }
  }

  /**
   * Whether a length below 4 GB and the brace of a JSON object come first. Such a file is taken for
   * what it is whatever the length: 640 has the bytes that a pickle begins with.
   */
  private static boolean beginsWithHeader(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(LENGTH_BYTES + 1);
      return head.length == LENGTH_BYTES + 1
          && ByteBuffer.wrap(head).getInt(LENGTH_BYTES / 2) == 0
          && head[LENGTH_BYTES] == '{';
    }
  }

  private static SafetensorsFile open(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < LENGTH_BYTES) {
      throw new CheckpointException(
          file, "is no safetensors file: " + size + " bytes hold no header length");
    }
    long length = read(channel, 0, LENGTH_BYTES).getLong();
    if (length < 0 || length > SafetensorsHeader.MAX_BYTES) {
      Optional<String> text = InputFile.textInstead(file, "safetensors");
      if (text.isPresent()) {
        throw new CheckpointException(file, text.get());
      }
      throw new CheckpointException(
          file,
          "header length %s exceeds the format's %d bytes"
              .formatted(Long.toUnsignedString(length), SafetensorsHeader.MAX_BYTES));
    }
    long dataStart = LENGTH_BYTES + length;
    if (dataStart > size) {
      throw new CheckpointException(
          file,
          "header of %d bytes is cut off, the file has %d: download it again"
              .formatted(length, size));
    }
    byte[] json = read(channel, LENGTH_BYTES, (int) length).array();
    return new SafetensorsFile(
        file, channel, dataStart, SafetensorsHeader.parse(file, json, size - dataStart));
  }

  /** All tensors by name, in the order of their bytes. */
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(header.tensors());
  }

  /** The free text under {@code __metadata__}. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  public Path path() {
    return file;
  }

  /**
   * The elements of a floating point tensor, row-major; F32, F16 and BF16 exactly, F64 rounded.
   *
   * @throws CheckpointException when there is no such tensor, or it is no floating point tensor
   */
  public float[] readFloats(String name) throws CheckpointException {
    TensorInfo tensor = require(name, DType.F32, DType.F16, DType.BF16, DType.F64);
    float[] values = new float[length(tensor)];
    forEachChunk(
        tensor,
        (chunk, at, n) -> {
          switch (tensor.dtype()) {
            case F32 -> chunk.asFloatBuffer().get(values, at, n);
            case F16 -> {
              for (int i = 0; i < n; i++) {
                values[at + i] = Fp16.toFloat(chunk.getShort(2 * i));
              }
            }
            case BF16 -> {
              for (int i = 0; i < n; i++) {
                values[at + i] = Bf16.toFloat(chunk.getShort(2 * i));
              }
            }
            default -> {
              for (int i = 0; i < n; i++) {
                values[at + i] = (float) chunk.getDouble(8 * i);
              }
            }
          }
        });
    return values;
  }

  /**
   * The elements of a floating point tensor as {@link Bf16} bits, row-major; BF16 exactly, F32 and
   * F16 rounded to the nearest.
   *
   * @throws CheckpointException when there is no such tensor, or it is of another type
   */
  public short[] readBf16(String name) throws CheckpointException {
    TensorInfo tensor = require(name, DType.BF16, DType.F32, DType.F16);
    short[] values = new short[length(tensor)];
    forEachChunk(
        tensor,
        (chunk, at, n) -> {
          switch (tensor.dtype()) {
            case BF16 -> chunk.asShortBuffer().get(values, at, n);
            case F32 -> {
              for (int i = 0; i < n; i++) {
                values[at + i] = Bf16.fromFloat(chunk.getFloat(4 * i));
              }
            }
            default -> {
              for (int i = 0; i < n; i++) {
                values[at + i] = Bf16.fromFloat(Fp16.toFloat(chunk.getShort(2 * i)));
              }
            }
          }
        });
    return values;
  }

  /**
   * The elements of an F64 tensor, row-major.
   *
   * @throws CheckpointException when there is no such tensor, or it is of another type
   */
  public double[] readDoubles(String name) throws CheckpointException {
    TensorInfo tensor = require(name, DType.F64);
    double[] values = new double[length(tensor)];
    forEachChunk(tensor, (chunk, at, n) -> chunk.asDoubleBuffer().get(values, at, n));
    return values;
  }

  /**
   * The elements of an I64, I32, U8 or BOOL tensor, row-major; a BOOL is 0 or 1.
   *
   * @throws CheckpointException when there is no such tensor, or it is of another type
   */
  public long[] readLongs(String name) throws CheckpointException {
    TensorInfo tensor = require(name, DType.I64, DType.I32, DType.U8, DType.BOOL);
    long[] values = new long[length(tensor)];
    forEachChunk(
        tensor,
        (chunk, at, n) -> {
          for (int i = 0; i < n; i++) {
            values[at + i] =
                switch (tensor.dtype()) {
                  case I64 -> chunk.getLong(8 * i);
                  case I32 -> chunk.getInt(4 * i);
                  case BOOL -> chunk.get(i) == 0 ? 0 : 1;
                  default -> chunk.get(i) & 0xff;
                };
          }
        });
    return values;
  }

  /** Adds a tensor of any type to a fingerprint: name, type, shape and bytes as they are stored. */
  void addTo(Fingerprint fingerprint, String name) throws CheckpointException {
    TensorInfo tensor = require(name, DType.values());
    long length = tensor.elements() * tensor.dtype().bytes();
    fingerprint.part(name + " " + tensor.dtype() + " " + tensor.shape(), length);
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    try {
      for (long at = 0; at < length; at += buffer.limit()) {
        buffer.clear().limit((int) Math.min(CHUNK, length - at));
        fill(channel, dataStart + tensor.begin() + at, buffer);
        fingerprint.add(buffer.flip());
      }
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot read tensor " + quoted(name), e);
    }
  }

  /** Whether a tensor is stored with the type, the shape and the bytes of one of another file. */
  boolean holdsSame(String name, SafetensorsFile other, String otherName)
      throws CheckpointException {
    TensorInfo tensor = require(name, DType.values());
    TensorInfo with = other.require(otherName, DType.values());
    if (tensor.dtype() != with.dtype() || !tensor.shape().equals(with.shape())) {
      return false;
    }
    long length = tensor.elements() * tensor.dtype().bytes();
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    ByteBuffer expected = ByteBuffer.allocate(CHUNK);
    try {
      for (long at = 0; at < length; at += CHUNK) {
        int bytes = (int) Math.min(CHUNK, length - at);
        fill(channel, dataStart + tensor.begin() + at, buffer.clear().limit(bytes));
        fill(other.channel, other.dataStart + with.begin() + at, expected.clear().limit(bytes));
        if (!buffer.flip().equals(expected.flip())) {
          return false;
        }
      }
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot read tensor " + quoted(name), e);
    }
    return true;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private TensorInfo require(String name, DType... readable) throws CheckpointException {
    TensorInfo tensor = header.tensors().get(name);
    if (tensor == null) {
      throw new CheckpointException(file, "has no tensor " + quoted(name));
    }
    for (DType dtype : readable) {
      if (tensor.dtype() == dtype) {
        return tensor;
      }
    }
    throw new CheckpointException(
        file,
        "tensor %s is %s, expected one of %s"
            .formatted(quoted(name), tensor.dtype(), List.of(readable)));
  }

  private int length(TensorInfo tensor) throws CheckpointException {
    if (tensor.elements() > LONGEST_ARRAY) {
      throw new CheckpointException(
          file,
          "tensor %s has %d elements, more than the %d of a Java array"
              .formatted(quoted(tensor.name()), tensor.elements(), LONGEST_ARRAY));
    }
    return (int) tensor.elements();
  }

  interface ChunkReader {
    /** Elements {@code at … at + n − 1} of the tensor, at the beginning of the buffer. */
    void accept(ByteBuffer chunk, int at, int n) throws IOException;
  }

  /** Hands a tensor over piece by piece, as it is stored. */
  void forEachChunk(TensorInfo tensor, ChunkReader reader) throws CheckpointException {
    int elements = (int) tensor.elements();
    int width = tensor.dtype().bytes();
    int perChunk = CHUNK / width;
    ByteBuffer buffer =
        ByteBuffer.allocate(Math.min(elements, perChunk) * width).order(ByteOrder.LITTLE_ENDIAN);
    try {
      int n;
      for (int at = 0; at < elements; at += n) {
        n = Math.min(perChunk, elements - at);
        buffer.clear().limit(n * width);
        fill(channel, dataStart + tensor.begin() + (long) at * width, buffer);
        reader.accept(buffer.flip(), at, n);
      }
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot read tensor " + quoted(tensor.name()), e);
    }
  }

  private static ByteBuffer read(FileChannel channel, long position, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    fill(channel, position, buffer);
    return buffer.flip();
  }

  private static void fill(FileChannel channel, long position, ByteBuffer buffer)
      throws IOException {
    long at = position;
    while (buffer.hasRemaining()) {
      int read = channel.read(buffer, at);
      if (read < 0) {
        throw new EOFException("the file became shorter while open");
      }
      at += read;
    }
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

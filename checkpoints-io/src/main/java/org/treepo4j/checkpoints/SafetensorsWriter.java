package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.treepo4j.base.files.WholeFile;

/**
 * Writes a safetensors file tensor by tensor, in any order, so that no more than one of them need
 * be in memory. The file appears under its name, as a whole, with {@link #finish()}.
 *
 * <pre>{@code
 * try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
 *   writer.writeFloats("model.norm.weight", values);
 *   …
 *   writer.finish();
 * }
 * }</pre>
 */
public final class SafetensorsWriter implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  /** Headers are padded so that the data begins, and with it every tensor lies, aligned. */
  private static final int ALIGNMENT = 8;

  private record Place(TensorSpec spec, long position) {}

  private final Path file;
  private final WholeFile whole;
  private final FileChannel channel;
  private final Map<String, Place> places;
  private final Set<String> missing;
  private final ByteBuffer buffer = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);

  private SafetensorsWriter(Path file, WholeFile whole, Map<String, Place> places) {
    this.file = file;
    this.whole = whole;
    this.channel = whole.channel();
    this.places = places;
    this.missing = new TreeSet<>(places.keySet());
  }

  /**
   * Begins a file beside its final name.
   *
   * @param file its final name
   * @param tensors all tensors it shall hold
   * @param metadata free text, such as {@code format → pt}, which {@code transformers} wants
   * @throws IllegalArgumentException for two tensors of one name
   */
  public static SafetensorsWriter create(
      Path file, List<TensorSpec> tensors, Map<String, String> metadata)
      throws CheckpointException {
    // Wide elements first keeps every tensor aligned to its element size.
    List<TensorSpec> inOrder =
        tensors.stream()
            .sorted(Comparator.comparingInt((TensorSpec t) -> -t.dtype().bytes()))
            .toList();
    Map<String, Place> places = new LinkedHashMap<>();
    byte[] header = header(file, inOrder, metadata);
    long position = (long) Long.BYTES + header.length;
    for (TensorSpec tensor : inOrder) {
      if (places.put(tensor.name(), new Place(tensor, position)) != null) {
        throw new IllegalArgumentException("tensors must differ in name, twice: " + tensor.name());
      }
      position = Math.addExact(position, tensor.bytes());
    }
    try {
      SafetensorsWriter writer = new SafetensorsWriter(file, WholeFile.create(file), places);
      writer.writeHeader(header);
      return writer;
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be written", e);
    }
  }

  /**
   * Writes a floating point tensor, rounded to the nearest number of its type, ties to even.
   *
   * @param values its elements, row-major
   * @throws CheckpointException also when a number is too large for the type
   */
  public void writeFloats(String name, float[] values) throws CheckpointException {
    Place place = claim(name, values.length, DType.F32, DType.F16, DType.BF16, DType.F64);
    DType dtype = place.spec().dtype();
    write(
        place,
        (at, n) -> {
          switch (dtype) {
            case F32 -> buffer.asFloatBuffer().put(values, at, n);
            case F64 -> {
              for (int i = 0; i < n; i++) {
                buffer.putDouble(8 * i, values[at + i]);
              }
            }
            default -> {
              for (int i = 0; i < n; i++) {
                buffer.putShort(2 * i, rounded(name, values[at + i], dtype));
              }
            }
          }
        });
  }

  /** Writes a BF16 tensor from its {@link Bf16} bits, row-major. */
  public void writeBf16(String name, short[] bits) throws CheckpointException {
    Place place = claim(name, bits.length, DType.BF16);
    write(place, (at, n) -> buffer.asShortBuffer().put(bits, at, n));
  }

  /** Writes an F64 tensor, row-major. */
  public void writeDoubles(String name, double[] values) throws CheckpointException {
    Place place = claim(name, values.length, DType.F64);
    write(place, (at, n) -> buffer.asDoubleBuffer().put(values, at, n));
  }

  /**
   * Writes an I64, I32, U8 or BOOL tensor, row-major.
   *
   * @throws IllegalArgumentException when a value does not fit its type
   */
  public void writeLongs(String name, long[] values) throws CheckpointException {
    Place place = claim(name, values.length, DType.I64, DType.I32, DType.U8, DType.BOOL);
    DType dtype = place.spec().dtype();
    write(
        place,
        (at, n) -> {
          for (int i = 0; i < n; i++) {
            long value = values[at + i];
            switch (dtype) {
              case I64 -> buffer.putLong(8 * i, value);
              case I32 ->
                  buffer.putInt(
                      4 * i, (int) within(dtype, value, Integer.MIN_VALUE, Integer.MAX_VALUE));
              case U8 -> buffer.put(i, (byte) within(dtype, value, 0, 255));
              default -> buffer.put(i, (byte) within(dtype, value, 0, 1));
            }
          }
        });
  }

  /**
   * Copies a tensor of any type bit for bit.
   *
   * @param from has one of this name, type and shape
   */
  void copy(String name, SafetensorsFile from) throws CheckpointException {
    TensorInfo tensor = from.tensors().get(name);
    Place place = claim(name, Math.toIntExact(tensor.elements()), tensor.dtype());
    int width = tensor.dtype().bytes();
    from.forEachChunk(
        tensor,
        (chunk, at, n) -> {
          try {
            writeFully(chunk, place.position() + (long) at * width);
          } catch (IOException e) {
            throw CheckpointException.of(file, "cannot be written", e); // not the one that is read
          }
        });
  }

  /**
   * Gives the file its name, after its content has reached the disk.
   *
   * @throws IllegalStateException when a tensor has not been written
   */
  public void finish() throws CheckpointException {
    if (!missing.isEmpty()) {
      throw new IllegalStateException("tensors not written: " + missing);
    }
    try {
      whole.commit();
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be written", e);
    }
  }

  /** Without {@link #finish()} before, removes what was written. */
  @Override
  public void close() throws CheckpointException {
    try {
      whole.close();
    } catch (IOException e) {
      throw CheckpointException.of(file, "what was written of it cannot be removed", e);
    }
  }

  private static byte[] header(Path file, List<TensorSpec> tensors, Map<String, String> metadata)
      throws CheckpointException {
    ObjectNode header = JsonMapper.builder().build().createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode texts = header.putObject(SafetensorsHeader.METADATA);
      metadata.forEach(texts::put);
    }
    long begin = 0;
    for (TensorSpec tensor : tensors) {
      ObjectNode entry = header.putObject(tensor.name()).put("dtype", tensor.dtype().name());
      ArrayNode shape = entry.putArray("shape");
      tensor.shape().forEach(shape::add);
      long end = Math.addExact(begin, tensor.bytes());
      entry.putArray("data_offsets").add(begin).add(end);
      begin = end;
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    if (json.length > SafetensorsHeader.MAX_BYTES - ALIGNMENT) {
      throw new CheckpointException(file, "cannot be written: header of " + json.length + " bytes");
    }
    byte[] padded = Arrays.copyOf(json, (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private void writeHeader(byte[] header) throws IOException {
    try {
      ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      writeFully(length.putLong(header.length).flip(), 0);
      writeFully(ByteBuffer.wrap(header), Long.BYTES);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private Place claim(String name, int elements, DType... writable) {
    Place place = places.get(name);
    if (place == null) {
      throw new IllegalArgumentException("tensor " + quoted(name) + " was not announced");
    }
    TensorSpec spec = place.spec();
    if (!Arrays.asList(writable).contains(spec.dtype())) {
      throw new IllegalArgumentException(
          "tensor %s is %s, cannot be written from values for %s"
              .formatted(quoted(name), spec.dtype(), Arrays.toString(writable)));
    }
    if (spec.elements() != elements) {
      throw new IllegalArgumentException(
          "tensor %s of shape %s cannot take %d values"
              .formatted(quoted(name), spec.shape(), elements));
    }
    if (!missing.remove(name)) {
      throw new IllegalStateException("tensor " + quoted(name) + " is written already");
    }
    return place;
  }

  private interface ChunkFiller {
    /** Puts elements {@code at … at + n − 1} of the tensor at the beginning of the buffer. */
    void fill(int at, int n) throws CheckpointException;
  }

  private void write(Place place, ChunkFiller filler) throws CheckpointException {
    int elements = (int) place.spec().elements();
    int width = place.spec().dtype().bytes();
    try {
      int n;
      for (int at = 0; at < elements; at += n) {
        n = Math.min(CHUNK / width, elements - at);
        buffer.clear().limit(n * width);
        filler.fill(at, n);
        writeFully(buffer, place.position() + (long) at * width);
      }
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be written", e);
    }
  }

  private void writeFully(ByteBuffer bytes, long position) throws IOException {
    long at = position;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  private short rounded(String name, float value, DType dtype) throws CheckpointException {
    short bits = dtype == DType.F16 ? Fp16.fromFloat(value) : Bf16.fromFloat(value);
    float back = dtype == DType.F16 ? Fp16.toFloat(bits) : Bf16.toFloat(bits);
    if (Float.isInfinite(back) && !Float.isInfinite(value)) {
      throw new CheckpointException(
          file, "tensor " + quoted(name) + " holds " + value + ", too large for " + dtype);
    }
    return bits;
  }

  private static long within(DType dtype, long value, long least, long greatest) {
    if (value < least || value > greatest) {
      throw new IllegalArgumentException(dtype + " cannot hold " + value);
    }
    return value;
  }
}

package org.treepo4j.spark;

import java.io.EOFException;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.treepo4j.model.Parameter;

/**
 * The numbers of several tensors in an order both sides know, as they travel between driver and
 * executors: weights, adapters or gradients, little-endian float32. Names and shapes follow from
 * the model and do not travel.
 */
public final class Tensors implements Externalizable {
  private static final long serialVersionUID = 1;

  /** Numbers that are turned into bytes at once. */
  private static final int PIECE = 1 << 14;

  private final List<float[]> arrays = new ArrayList<>();

  /** For Java's serialization. */
  public Tensors() {}

  private Tensors(List<float[]> arrays) {
    this.arrays.addAll(arrays);
  }

  /** A copy of the parameters' values. */
  static Tensors values(Collection<Parameter> parameters) {
    return new Tensors(parameters.stream().map(p -> p.values().clone()).toList());
  }

  /** A copy of the gradients of the trainable ones of the parameters. */
  static Tensors gradients(Collection<Parameter> parameters) {
    return of(
        parameters.stream()
            .filter(Parameter::trainable)
            .map(parameter -> parameter.gradient().clone())
            .toList());
  }

  /** These arrays, not copied. */
  static Tensors of(List<float[]> arrays) {
    return new Tensors(arrays);
  }

  /** The live arrays. */
  List<float[]> arrays() {
    return arrays;
  }

  long bytes() {
    return arrays.stream().mapToLong(array -> (long) Float.BYTES * array.length).sum();
  }

  /**
   * Writes the numbers over the values of parameters of the same shapes.
   *
   * @throws IllegalArgumentException for parameters of another model
   */
  void copyInto(Collection<Parameter> parameters) {
    if (parameters.size() != arrays.size()) {
      throw new IllegalArgumentException(
          "tensors must be those of the model, which has %d, were %d"
              .formatted(parameters.size(), arrays.size()));
    }
    int next = 0;
    for (Parameter parameter : parameters) {
      float[] from = arrays.get(next++);
      if (from.length != parameter.values().length) {
        throw new IllegalArgumentException(
            "tensor %s must hold %d numbers, held %d"
                .formatted(parameter.name(), parameter.values().length, from.length));
      }
      System.arraycopy(from, 0, parameter.values(), 0, parameter.values().length);
    }
  }

  @Override
  public void writeExternal(ObjectOutput out) throws IOException {
    byte[] bytes = new byte[PIECE * Float.BYTES];
    FloatBuffer floats = floats(bytes);
    out.writeInt(arrays.size());
    for (float[] array : arrays) {
      out.writeInt(array.length);
      for (int from = 0; from < array.length; from += PIECE) {
        int length = Math.min(PIECE, array.length - from);
        floats.clear().put(array, from, length);
        out.write(bytes, 0, length * Float.BYTES);
      }
    }
  }

  @Override
  public void readExternal(ObjectInput in) throws IOException {
    byte[] bytes = new byte[PIECE * Float.BYTES];
    FloatBuffer floats = floats(bytes);
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      float[] array = new float[in.readInt()];
      for (int from = 0; from < array.length; from += PIECE) {
        int length = Math.min(PIECE, array.length - from);
        readFully(in, bytes, length * Float.BYTES);
        floats.clear().get(array, from, length);
      }
      arrays.add(array);
    }
  }

  private static FloatBuffer floats(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  private static void readFully(ObjectInput in, byte[] bytes, int length) throws IOException {
    int read = 0;
    while (read < length) {
      int more = in.read(bytes, read, length - read);
      if (more < 0) {
        throw new EOFException("tensor ends after " + read + " of " + length + " bytes");
      }
      read += more;
    }
  }
}

package org.treepo4j.checkpoints;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A tensor to be written.
 *
 * @param name its name, unique in the file
 * @param dtype its element type in the file
 * @param shape its dimensions, outermost first; empty for a scalar
 */
public record TensorSpec(String name, DType dtype, List<Integer> shape) {

  public TensorSpec {
    Objects.requireNonNull(dtype, "dtype");
    shape = List.copyOf(shape);
    if (name.isEmpty() || name.equals(SafetensorsHeader.METADATA)) {
      throw new IllegalArgumentException("name of a tensor must not be \"" + name + '"');
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw new IllegalArgumentException("name of a tensor must be Unicode text");
    }
    for (int dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException("shape of " + name + " must not be negative: " + shape);
      }
    }
  }

  /** The same with its dimensions as an array. */
  public static TensorSpec of(String name, DType dtype, int... shape) {
    return new TensorSpec(name, dtype, Arrays.stream(shape).boxed().toList());
  }

  /** Number of elements. */
  public long elements() {
    long elements = 1;
    for (int dimension : shape) {
      elements = Math.multiplyExact(elements, (long) dimension);
    }
    return elements;
  }

  /** Number of bytes in the file. */
  public long bytes() {
    return Math.multiplyExact(elements(), (long) dtype.bytes());
  }
}

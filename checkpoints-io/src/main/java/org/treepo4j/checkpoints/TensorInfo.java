package org.treepo4j.checkpoints;

import java.util.List;

/**
 * What a safetensors header says of one tensor.
 *
 * @param name its name
 * @param dtype its element type
 * @param shape its dimensions, outermost first; empty for a scalar
 * @param begin where its bytes begin, counted from the end of the header
 * @param end where its bytes end
 */
public record TensorInfo(String name, DType dtype, List<Long> shape, long begin, long end) {

  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** Number of elements. */
  public long elements() {
    return (end - begin) / dtype.bytes();
  }

  /** Whether the dimensions are exactly these. */
  public boolean hasShape(int... dimensions) {
    if (shape.size() != dimensions.length) {
      return false;
    }
    for (int i = 0; i < dimensions.length; i++) {
      if (shape.get(i) != dimensions[i]) {
        return false;
      }
    }
    return true;
  }
}

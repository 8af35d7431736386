package org.treepo4j.checkpoints;

import java.io.IOException;

/** Gives the elements of one tensor at a time, so that an export never holds a second model. */
@FunctionalInterface
public interface TensorValues {

  /**
   * Reads or computes one tensor.
   *
   * @param name the tensor's name
   * @return its elements, row-major; not kept
   */
  float[] of(String name) throws IOException;
}

package org.treepo4j.engines.vector;

/** Arrays that are kept from step to step and only ever grow. */
final class FloatArrays {
  private FloatArrays() {}

  /**
   * The same array when it is large enough, else a new one with an eighth to spare. Contents are
   * not kept.
   */
  static float[] atLeast(float[] array, int size) {
    if (array.length >= size) {
      return array;
    }
    return new float[array.length == 0 ? size : Math.max(size, size + (size >>> 3))];
  }
}

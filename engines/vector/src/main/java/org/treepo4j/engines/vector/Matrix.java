package org.treepo4j.engines.vector;

/**
 * A row-major float32 matrix inside an array.
 *
 * @param values the array
 * @param offset index of the first element
 * @param stride distance between the starts of two rows
 */
record Matrix(float[] values, int offset, int stride) {

  static Matrix of(float[] values, int columns) {
    return new Matrix(values, 0, columns);
  }

  /** Index of an element. */
  int at(int row, int column) {
    return offset + row * stride + column;
  }

  /** The matrix below {@code row}. */
  Matrix from(int row) {
    return new Matrix(values, at(row, 0), stride);
  }
}

package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.WIDE;

/** Panels in float32, {@code [panel][in][WIDE]}. */
final class FloatPanels implements PackedMatrix {
  /**
   * Inputs that are multiplied before the sum goes to memory; a slice of a panel fits the cache.
   */
  private static final int DEPTH = 1024;

  private final int panels;
  private final int in;
  private final float[] values;

  FloatPanels(int panels, int in) {
    this.panels = panels;
    this.in = in;
    this.values = new float[Math.multiplyExact(panels * WIDE, in)];
  }

  @Override
  public int in() {
    return in;
  }

  @Override
  public int panels() {
    return panels;
  }

  @Override
  public void multiply(
      int panel,
      int count,
      int rows,
      float[] x,
      int xStride,
      float[] y,
      int y0,
      int yStride,
      boolean add) {
    for (int i = 0; i < count; i++) {
      multiply(panel + i, rows, x, xStride, y, y0 + i * WIDE, yStride, add);
    }
  }

  private void multiply(
      int panel, int rows, float[] x, int xStride, float[] y, int y0, int yStride, boolean add) {
    if (!add) {
      GemmKernel.clear(rows, WIDE, y, y0, yStride);
    }
    for (int from = 0; from < in; from += DEPTH) {
      GemmKernel.wide(
          rows,
          Math.min(DEPTH, in - from),
          x,
          from,
          xStride,
          1,
          values,
          (panel * in + from) * WIDE,
          WIDE,
          y,
          y0,
          yStride);
    }
  }

  @Override
  public void pack(int panel, float[] weights, int fromRow, int rows) {
    for (int column = 0; column < WIDE; column++) {
      if (column < rows) {
        packRow(weights, (fromRow + column) * in, panel * in * WIDE + column);
      }
    }
  }

  private void packRow(float[] weights, int from, int to) {
    for (int k = 0; k < in; k++) {
      values[to + k * WIDE] = weights[from + k];
    }
  }
}

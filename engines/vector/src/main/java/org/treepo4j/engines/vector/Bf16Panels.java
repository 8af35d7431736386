package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.WIDE;

/** Panels in bfloat16, two numbers to an {@code int}, {@code [panel][in][WIDE/2]}. */
final class Bf16Panels implements PackedMatrix {
  /**
   * Inputs that are multiplied before the sum goes to memory; a slice of a panel fits the cache.
   */
  private static final int DEPTH = 1024;

  private static final int PAIRS = WIDE / 2;

  private final int panels;
  private final int in;
  private final int[] values;

  Bf16Panels(int panels, int in) {
    this.panels = panels;
    this.in = in;
    this.values = new int[Math.multiplyExact(panels * PAIRS, in)];
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
      Bf16Kernel.wide(
          rows,
          Math.min(DEPTH, in - from),
          x,
          from,
          xStride,
          values,
          (panel * in + from) * PAIRS,
          y,
          y0,
          yStride);
    }
  }

  @Override
  public void pack(int panel, float[] weights, int fromRow, int rows) {
    for (int pair = 0; pair < PAIRS; pair++) {
      int low = pair / LANES * 2 * LANES + pair % LANES;
      int high = low + LANES;
      for (int k = 0; k < in; k++) {
        float first = low < rows ? weights[(fromRow + low) * in + k] : 0f;
        float second = high < rows ? weights[(fromRow + high) * in + k] : 0f;
        values[(panel * in + k) * PAIRS + pair] = Bf16Kernel.pair(first, second);
      }
    }
  }
}

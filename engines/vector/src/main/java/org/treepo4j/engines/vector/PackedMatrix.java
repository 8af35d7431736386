package org.treepo4j.engines.vector;

import org.treepo4j.model.engine.WeightStorage;

/**
 * A weight matrix {@code [out × in]} rearranged for decoding: panels of {@link GemmKernel#WIDE}
 * outputs, in each panel the numbers of one input side by side, so that the memory is read from
 * front to back once for a whole batch.
 *
 * <p>Every output is summed over the inputs in one fixed order, whatever the number of rows: a path
 * gets the same bits alone and in any batch.
 */
sealed interface PackedMatrix permits FloatPanels, Bf16Panels {
  /**
   * Inputs that are multiplied before the sum goes to memory; a slice of a panel fits the cache.
   */
  int DEPTH = 1024;

  /** Number of inputs. */
  int in();

  /** Number of panels. */
  int panels();

  /**
   * {@code y[row] (+)= x[row]·Wᵀ} for the outputs of one panel; {@code y} must have room for all of
   * them, those beyond the matrix receive zeros.
   */
  void multiply(
      int panel, int rows, float[] x, int xStride, float[] y, int y0, int yStride, boolean add);

  /**
   * Fills one panel.
   *
   * @param weights {@code [out × in]}
   * @param fromRow the panel's first output
   * @param rows outputs there are, up to a whole panel
   */
  void pack(int panel, float[] weights, int fromRow, int rows);

  static PackedMatrix create(WeightStorage storage, int out, int in) {
    int panels = panels(out);
    return switch (storage) {
      case F32 -> new FloatPanels(panels, in);
      case BF16 -> new Bf16Panels(panels, in);
    };
  }

  /** Panels that {@code out} outputs fill. */
  static int panels(int out) {
    return (out + GemmKernel.WIDE - 1) / GemmKernel.WIDE;
  }
}

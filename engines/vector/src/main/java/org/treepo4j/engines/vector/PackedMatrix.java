package org.treepo4j.engines.vector;

import org.treepo4j.model.engine.WeightStorage;

/**
 * A weight matrix {@code [out × in]} rearranged for decoding: panels of {@link #WIDE} outputs, so
 * that the memory is read from front to back once for a whole batch.
 *
 * <p>This engine's own sum every output over the inputs in one fixed order, whatever the number of
 * rows: a path gets the same bits alone and in any batch.
 */
public interface PackedMatrix {
  /** Outputs of a panel. */
  int WIDE = GemmKernel.WIDE;

  /** Makes empty matrices, for one model. */
  @FunctionalInterface
  interface Factory {
    /**
     * @param panels panels that its outputs fill
     * @param in inputs
     */
    PackedMatrix create(WeightStorage storage, int panels, int in);
  }

  /** Number of inputs. */
  int in();

  /** Number of panels. */
  int panels();

  /** Panels that one call computes best; even or 1. */
  default int together() {
    return 1;
  }

  /**
   * Told, on the calling thread, what the next calls of {@link #multiply} have in common.
   *
   * @param x {@code [rows × xStride]}
   */
  default void prepare(int rows, float[] x, int xStride) {}

  /**
   * {@code y[row] (+)= x[row]·Wᵀ} for the outputs of some panels, on any thread; {@code y} must
   * have room for all of them, those beyond the matrix receive zeros.
   *
   * @param panel the first one
   * @param count panels, no more than the matrix has
   * @param x as it was prepared
   */
  void multiply(
      int panel,
      int count,
      int rows,
      float[] x,
      int xStride,
      float[] y,
      int y0,
      int yStride,
      boolean add);

  /**
   * Fills one panel, on any thread.
   *
   * @param weights {@code [out × in]}
   * @param fromRow the panel's first output
   * @param rows outputs there are, up to a whole panel
   */
  void pack(int panel, float[] weights, int fromRow, int rows);

  /** An empty matrix of this engine's own. */
  static PackedMatrix own(WeightStorage storage, int panels, int in) {
    return switch (storage) {
      case F32 -> new FloatPanels(panels, in);
      case BF16 -> new Bf16Panels(panels, in);
    };
  }

  /** Panels that {@code out} outputs fill. */
  static int panels(int out) {
    return (out + WIDE - 1) / WIDE;
  }
}

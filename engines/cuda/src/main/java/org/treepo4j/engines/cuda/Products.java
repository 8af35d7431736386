package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * Matrix products, sums always in float32: {@code c = alpha·(a·b)}, or {@code c += } the same. All
 * matrices are row by row without gaps, of any size. {@code a} and {@code b} have one type; {@code
 * c} is float32, or bf16 like them.
 *
 * <p>The bits of a number depend on {@code k}, the kernel and the types alone, not on where in
 * {@code c} it stands or on how large that is.
 */
final class Products {
  /** Width of the square tiles of {@code c} that a block computes in float32. */
  private static final int TILE = 64;

  /** The same with bf16. */
  private static final int TENSOR_TILE = 128;

  /** Dynamic shared memory of a block with bf16: see products.cu. */
  private static final int TENSOR_SHARED = 3 * (128 * 40 + 128 * 40) * 2;

  /** Most rows of {@link #rows} in one launch. */
  static final int MOST_ROWS = 32;

  private static final int THREADS = 256;

  private final Kernels3 nt;
  private final Kernels3 nn;
  private final Kernels3 tn;
  private final Kernels3 rows;

  /** A kernel by types: float32; bf16 to float32; bf16. */
  private record Kernels3(Kernel floats, Kernel widening, Kernel halves) {
    static Kernels3 of(Device device, String name, int shared) {
      return new Kernels3(
          device.kernel("products", name + "_f"),
          device.kernel("products", name + "_bf", shared),
          device.kernel("products", name + "_b", shared));
    }

    Kernel of(DeviceArray a, DeviceArray b, DeviceArray c) {
      if (b.type() != a.type()) {
        throw new IllegalArgumentException("a is " + a.type() + ", b is " + b.type());
      }
      if (a.type() == F32 && c.type() == F32) {
        return floats;
      }
      if (a.type() == BF16 && c.type() == F32) {
        return widening;
      }
      if (a.type() == BF16 && c.type() == BF16) {
        return halves;
      }
      throw new IllegalArgumentException("no product of " + a.type() + " to " + c.type());
    }
  }

  Products(Device device) {
    nt = Kernels3.of(device, "nt", TENSOR_SHARED);
    nn = Kernels3.of(device, "nn", TENSOR_SHARED);
    tn = Kernels3.of(device, "tn", TENSOR_SHARED);
    rows = Kernels3.of(device, "rows", 0);
  }

  /**
   * {@code c = alpha·a·bᵀ (+ c)}, what a linear layer computes.
   *
   * @param a {@code [m × k]}
   * @param b {@code [n × k]}
   * @param c {@code [m × n]}
   */
  void nt(
      int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c, float alpha, boolean add) {
    launch(nt, m, n, k, a, b, c, alpha, add);
  }

  void nt(int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c, boolean add) {
    nt(m, n, k, a, b, c, 1, add);
  }

  /**
   * {@code c = alpha·a·b (+ c)}, the gradient of a linear layer's input.
   *
   * @param a {@code [m × k]}
   * @param b {@code [k × n]}
   * @param c {@code [m × n]}
   */
  void nn(
      int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c, float alpha, boolean add) {
    launch(nn, m, n, k, a, b, c, alpha, add);
  }

  void nn(int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c, boolean add) {
    nn(m, n, k, a, b, c, 1, add);
  }

  /**
   * {@code c = alpha·aᵀ·b (+ c)}, the gradient of a linear layer's weight.
   *
   * @param a {@code [k × m]}
   * @param b {@code [k × n]}
   * @param c {@code [m × n]}
   */
  void tn(
      int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c, float alpha, boolean add) {
    launch(tn, m, n, k, a, b, c, alpha, add);
  }

  void tn(int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c, boolean add) {
    tn(m, n, k, a, b, c, 1, add);
  }

  /**
   * As {@link #nt} for few rows, as a decoder has them: bound by reading {@code w}. The bits of a
   * row do not depend on how many there are.
   *
   * @param x {@code [m × k]}
   * @param w {@code [n × k]}
   * @param y {@code [m × n]}
   */
  void rows(
      int m, int n, int k, DeviceArray x, DeviceArray w, DeviceArray y, float alpha, boolean add) {
    require(m, n, k, x, w, y);
    Kernel kernel = rows.of(x, w, y);
    // float32: a warp by number of a row of y, 8 in a block; bf16: 16 of them in a block.
    Grid grid = Grid.of(Kernel.parts(n, x.type() == F32 ? 8 : 16));
    for (int from = 0; from < m; from += MOST_ROWS) {
      int count = Math.min(MOST_ROWS, m - from);
      DeviceArray some = x.from((long) from * k);
      DeviceArray to = y.from((long) from * n);
      kernel.launch(grid, THREADS, 0, count, n, k, some, w, to, alpha, add ? 1 : 0);
    }
  }

  void rows(int m, int n, int k, DeviceArray x, DeviceArray w, DeviceArray y, boolean add) {
    rows(m, n, k, x, w, y, 1, add);
  }

  private void launch(
      Kernels3 kernels,
      int m,
      int n,
      int k,
      DeviceArray a,
      DeviceArray b,
      DeviceArray c,
      float alpha,
      boolean add) {
    require(m, n, k, a, b, c);
    Kernel kernel = kernels.of(a, b, c);
    boolean floats = a.type() == F32;
    int tile = floats ? TILE : TENSOR_TILE;
    Grid grid = Grid.of(Kernel.parts(n, tile), Kernel.parts(m, tile));
    int shared = floats ? 0 : TENSOR_SHARED;
    kernel.launch(grid, THREADS, shared, m, n, k, a, b, c, alpha, add ? 1 : 0);
  }

  private static void require(int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c) {
    a.require("a", (long) m * k);
    b.require("b", (long) n * k);
    c.require("c", (long) m * n);
  }
}

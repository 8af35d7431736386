package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.engines.cuda.Kernel.Grid;
import org.treepo4j.engines.cuda.WarpgroupProducts.Layout;

/**
 * Matrix products, sums always in float32: {@code c = alpha·(a·b)}, or {@code c += } the same. All
 * matrices are row by row without gaps, of any size. {@code a} and {@code b} have one type; {@code
 * c} is float32, or bf16 like them.
 *
 * <p>The bits of a number depend on {@code k}, the function and the types alone, not on where in
 * {@code c} it stands or on how large that is; in {@linkplain #ofTraining training} they do.
 */
final class Products {
  /** Width of the square tiles of {@code c} that a block computes in float32. */
  private static final int TILE = 64;

  /** Rows of the tiles with bf16, and columns: for small and for large products. */
  private static final int LINES = 128;

  private static final int COLUMNS = 128;
  private static final int WIDE_COLUMNS = 256;

  /** Most rows that count as few: in one launch of a kernel for such. */
  static final int MOST_ROWS = 32;

  /** Rows of a weight that a block multiplies with few rows. */
  static final int FEW_BLOCK = 16;

  /** Rows of a weight, and rows of many, that a block multiplies. */
  private static final int MANY_BLOCK = 64;

  private static final int THREADS = 256;

  /** From here on twice as many warps share a row, so that more of it is on its way at once. */
  private static final int LONG = 2048;

  private final int multiprocessors;

  /** For large products; null where sums of a number must have one order however many there are. */
  private final WarpgroupProducts warpgroups;

  private final Variants nt;
  private final Variants nn;
  private final Variants tn;
  private final Kernel rows;
  private final StepRows widening;
  private final StepRows halves;

  /** A kernel by types, float32, bf16 to float32 and bf16, and by width of a block's tile. */
  private record Variants(
      Kernel floats, Kernel widening, Kernel wideWidening, Kernel halves, Kernel wideHalves) {
    static Variants of(Device device, String name) {
      return new Variants(
          device.kernel("products", name + "_f"),
          device.kernel("tensor", name + "_bf", shared(COLUMNS)),
          device.kernel("tensor", name + "_bf_wide", shared(WIDE_COLUMNS)),
          device.kernel("tensor", name + "_b", shared(COLUMNS)),
          device.kernel("tensor", name + "_b_wide", shared(WIDE_COLUMNS)));
    }

    Kernel of(DeviceArray c, boolean wide) {
      return c.type() == F32 ? wide ? wideWidening : widening : wide ? wideHalves : halves;
    }
  }

  /** Kernels for a decoder's rows with bf16, few or many, by the length of a row. */
  private record StepRows(Kernel few, Kernel fewLong, Kernel many, Kernel manyLong) {
    static StepRows of(Device device, String type) {
      return new StepRows(
          device.overlapping("decode", "rows_" + type),
          device.overlapping("decode", "rows_" + type + "_long"),
          device.overlapping("decode", "rows_many_" + type),
          device.overlapping("decode", "rows_many_" + type + "_long"));
    }
  }

  Products(Device device) {
    this(device, null);
  }

  /**
   * Those of training, whose numbers may depend on how large a product is: by warpgroups where the
   * device has them.
   */
  static Products ofTraining(Device device) {
    boolean has = WarpgroupProducts.has(device.facts());
    return new Products(device, has ? new WarpgroupProducts(device) : null);
  }

  private Products(Device device, WarpgroupProducts warpgroups) {
    this.warpgroups = warpgroups;
    multiprocessors = device.facts().multiprocessors();
    nt = Variants.of(device, "nt");
    nn = Variants.of(device, "nn");
    tn = Variants.of(device, "tn");
    rows = device.kernel("products", "rows_f");
    widening = StepRows.of(device, "bf");
    halves = StepRows.of(device, "b");
  }

  /** Dynamic shared memory of a block with bf16: three stages of both tiles, see tensor.cu. */
  private static int shared(int columns) {
    return 3 * (LINES + columns) * (32 + 8) * Short.BYTES;
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
    launch(Layout.NT, nt, m, n, k, a, b, c, alpha, add);
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
    launch(Layout.NN, nn, m, n, k, a, b, c, alpha, add);
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
    launch(Layout.TN, tn, m, n, k, a, b, c, alpha, add);
  }

  void tn(int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c, boolean add) {
    tn(m, n, k, a, b, c, 1, add);
  }

  /**
   * As {@link #nt} for the rows of a decoder's step. The bits of a row do not depend on how many
   * there are.
   *
   * @param x {@code [m × k]}
   * @param w {@code [n × k]}
   * @param y {@code [m × n]}
   */
  void rows(
      int m, int n, int k, DeviceArray x, DeviceArray w, DeviceArray y, float alpha, boolean add) {
    require(m, n, k, x, w, y);
    int adds = add ? 1 : 0;
    boolean isLong = k >= LONG;
    StepRows kernels = y.type() == F32 ? widening : halves;
    if (takesMany(m, k, x, w)) {
      (isLong ? kernels.manyLong : kernels.many)
          .launch(Grid.of(manyBlocks(m, n)), THREADS, 0, m, n, k, x, w, y, alpha, adds);
      return;
    }
    for (int from = 0; from < m; from += MOST_ROWS) {
      int count = Math.min(MOST_ROWS, m - from);
      DeviceArray some = x.from((long) from * k);
      DeviceArray to = y.from((long) from * n);
      if (x.type() == F32) { // a warp for each number of a row of y
        Grid grid = Grid.of(Kernel.parts(n, THREADS / 32));
        rows.launch(grid, THREADS, 0, count, n, k, some, w, to, alpha, adds);
      } else {
        Grid grid = Grid.of(Kernel.parts(n, FEW_BLOCK));
        (isLong ? kernels.fewLong : kernels.few)
            .launch(grid, isLong ? 2 * THREADS : THREADS, 0, count, n, k, some, w, to, alpha, adds);
      }
    }
  }

  /** Whether a product of so many rows reads weights once for all: with bf16, in wide pieces. */
  static boolean takesMany(int m, int k, DeviceArray x, DeviceArray w) {
    return m > MOST_ROWS && k % 8 == 0 && x.type() == BF16 && x.isWide() && w.isWide();
  }

  /** Blocks of a product of many rows, see decode.cu. */
  static long manyBlocks(int m, int n) {
    return (long) Kernel.parts(m, MANY_BLOCK) * Kernel.parts(n, MANY_BLOCK);
  }

  void rows(int m, int n, int k, DeviceArray x, DeviceArray w, DeviceArray y, boolean add) {
    rows(m, n, k, x, w, y, 1, add);
  }

  private void launch(
      Layout layout,
      Variants variants,
      int m,
      int n,
      int k,
      DeviceArray a,
      DeviceArray b,
      DeviceArray c,
      float alpha,
      boolean add) {
    require(m, n, k, a, b, c);
    if (a.type() == F32) {
      long blocks = (long) Kernel.parts(m, TILE) * Kernel.parts(n, TILE);
      variants.floats.launch(Grid.of(blocks), THREADS, 0, m, n, k, a, b, c, alpha, add ? 1 : 0);
      return;
    }
    if (warpgroups != null && warpgroups.takes(layout, m, n, k, a, b)) {
      warpgroups.launch(layout, m, n, k, a, b, c, alpha, add);
      return;
    }
    // Wide tiles read less, as long as there is one for every multiprocessor.
    long lines = Kernel.parts(m, LINES);
    boolean wide = lines * Kernel.parts(n, WIDE_COLUMNS) >= multiprocessors;
    int columns = wide ? WIDE_COLUMNS : COLUMNS;
    Grid grid = Grid.of(lines * Kernel.parts(n, columns));
    Kernel kernel = variants.of(c, wide);
    kernel.launch(grid, THREADS, shared(columns), m, n, k, a, b, c, alpha, add ? 1 : 0);
  }

  private static void require(int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c) {
    a.require("a", (long) m * k);
    b.require("b", a.type(), (long) n * k);
    c.require("c", (long) m * n);
    boolean known = a.type() == F32 ? c.type() == F32 : c.type() == F32 || c.type() == BF16;
    if (!known || a.type() != F32 && a.type() != BF16) {
      throw new IllegalArgumentException("no product of " + a.type() + " to " + c.type());
    }
  }
}

package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import java.util.HashMap;
import java.util.Map;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * What is done to rows of numbers between products. Activations and their gradients are float32 or
 * bf16, weights of norms, biases and all statistics float32. Sums run in a fixed order.
 */
final class RowKernels {
  private static final int THREADS = 256;

  /** Columns of a block of a sum over rows, and its threads. */
  private static final int COLUMNS = 16;

  private static final int COLUMN_THREADS = 1024;

  /** Rows this wide are a block's, narrower ones a warp's. */
  private static final int WIDE = 512;

  /** Elements of a block of {@link #THREADS}. */
  private static final int ELEMENTS = 4 * THREADS;

  private final Device device;
  private final Map<String, Kernel> kernels = new HashMap<>();

  RowKernels(Device device) {
    this.device = device;
  }

  /**
   * {@code y[row] = scale·table[tokens[row]]}.
   *
   * @param tokens {@code I32 [rows]}
   * @param table {@code [vocabulary × width]}
   * @param y {@code [rows × width]}
   */
  void embed(
      int rows, int width, DeviceArray tokens, DeviceArray table, float scale, DeviceArray y) {
    tokens.require("tokens", I32, rows);
    y.require("y", (long) rows * width);
    kernel("embed", table, y).launch(Grid.of(rows), THREADS, 0, width, tokens, table, scale, y);
  }

  /**
   * {@code dTable[ids[i]] += scale·Σ dy[rows[j]]} for {@code j} in {@code starts[i]..starts[i +
   * 1]}, in this order; {@link TokenRows} makes the lists.
   *
   * @param ids distinct tokens, {@code I32 [distinct]}
   * @param starts {@code I32 [distinct + 1]}
   * @param rows {@code I32 [rows]}
   * @param dy {@code [rows × width]}
   * @param dTable {@code F32 [vocabulary × width]}
   */
  void embedBackward(
      int distinct,
      int width,
      DeviceArray ids,
      DeviceArray starts,
      DeviceArray rows,
      float scale,
      DeviceArray dy,
      DeviceArray dTable) {
    ids.require("ids", I32, distinct);
    starts.require("starts", I32, distinct + 1L);
    rows.require("rows", I32, 0);
    dTable.require("dTable", F32, 0);
    kernel("embed_back", dy)
        .launch(Grid.of(distinct), THREADS, 0, width, ids, starts, rows, scale, dy, dTable);
  }

  /**
   * Root-mean-square norm, {@code y = x·inv·(plus + w)} with {@code inv = 1/√(mean(x²) + eps)}. For
   * norms of heads {@code rows} counts heads and {@code width} is theirs.
   *
   * @param x {@code [rows × width]}: float32 or bf16
   * @param w {@code F32 [width]}
   * @param plus 1 where a family stores what is to be added to one, else 0
   * @param y {@code [rows × width]}; may be {@code x}; bf16 if {@code x} is
   * @param inverse receives {@code inv}, {@code F32 [rows]}; null when it is not wanted
   */
  void norm(
      int rows,
      int width,
      DeviceArray x,
      DeviceArray w,
      float plus,
      float eps,
      DeviceArray y,
      DeviceArray inverse) {
    x.require("x", (long) rows * width);
    y.require("y", (long) rows * width);
    w.require("w", F32, width);
    kernel(width >= WIDE ? "norm_wide" : "norm", x, y)
        .launch(rowGrid(rows, width), THREADS, 0, rows, width, x, w, plus, eps, y, inverse);
  }

  /**
   * {@code dx (+)= inv·(dy∘w) − x·inv³/width·Σ(dy∘w∘x)} with {@code w} as it multiplies.
   *
   * @param x as {@link #norm} had it
   * @param inverse as it left it
   * @param dy {@code [rows × width]}: of the type of {@code y} there
   * @param dx {@code [rows × width]}: of the type of {@code x}; may be {@code dy} unless {@code
   *     add}
   */
  void normBackward(
      int rows,
      int width,
      DeviceArray x,
      DeviceArray w,
      float plus,
      DeviceArray inverse,
      DeviceArray dy,
      DeviceArray dx,
      boolean add) {
    x.require("x", (long) rows * width);
    dx.require("dx", x.type(), (long) rows * width);
    inverse.require("inverse", F32, rows);
    kernel(width >= WIDE ? "norm_back_wide" : "norm_back", x, dy)
        .launch(
            rowGrid(rows, width),
            THREADS,
            0,
            rows,
            width,
            x,
            w,
            plus,
            inverse,
            dy,
            dx,
            add ? 1 : 0);
  }

  /** {@code dw += Σ_rows dy∘x·inv}, {@code F32 [width]}. */
  void normWeightBackward(
      int rows, int width, DeviceArray x, DeviceArray inverse, DeviceArray dy, DeviceArray dw) {
    dw.require("dw", F32, width);
    kernel("norm_weight", x, dy)
        .launch(columnGrid(width), COLUMN_THREADS, 0, rows, width, x, inverse, dy, dw);
  }

  /**
   * Rotary embedding in place: element {@code i < half} of every head is turned with {@code i +
   * half}; elements beyond {@code 2·half} stay.
   *
   * @param positions {@code I32 [rows]}
   * @param cosines and sines, {@code F32 [positions × half]}, with YaRN's factor in them
   * @param x {@code [rows × heads·dim]}
   * @param back turns back, which is the backward pass
   */
  void rotate(
      int rows,
      int heads,
      int dim,
      int half,
      DeviceArray positions,
      DeviceArray cosines,
      DeviceArray sines,
      DeviceArray x,
      boolean back) {
    positions.require("positions", I32, rows);
    x.require("x", (long) rows * heads * dim);
    kernel("rotate", x)
        .launch(
            Grid.of(rows), 128, 0, heads, dim, half, positions, cosines, sines, x, back ? -1f : 1f);
  }

  /** {@code y = f(gate)·up}, {@code [n]} each; {@code y} may be {@code gate}. */
  void activate(Activation f, long n, DeviceArray gate, DeviceArray up, DeviceArray y) {
    gate.require("gate", n);
    up.require("up", gate.type(), n);
    y.require("y", gate.type(), n);
    kernel(f == Activation.SILU ? "silu" : "gelu", gate)
        .launch(elements(n), THREADS, 0, n, gate, up, y);
  }

  /**
   * Computes {@code y} again and overwrites {@code gate} and {@code up} with their gradients.
   *
   * @param dy gradient of the result, {@code [n]}; {@code y} may be the same array
   */
  void activateBackward(
      Activation f, long n, DeviceArray gate, DeviceArray up, DeviceArray dy, DeviceArray y) {
    gate.require("gate", n);
    up.require("up", gate.type(), n);
    dy.require("dy", gate.type(), n);
    y.require("y", gate.type(), n);
    kernel(f == Activation.SILU ? "silu_back" : "gelu_back", gate)
        .launch(elements(n), THREADS, 0, n, gate, up, dy, y);
  }

  /** {@code y[row] += bias}, {@code [rows × width]} and {@code F32 [width]}. */
  void addBias(int rows, int width, DeviceArray bias, DeviceArray y) {
    bias.require("bias", F32, width);
    y.require("y", (long) rows * width);
    kernel("bias", y)
        .launch(elements((long) rows * width), THREADS, 0, (long) rows * width, width, bias, y);
  }

  /** {@code dBias += Σ_rows dy[row]}, {@code F32 [width]}. */
  void biasBackward(int rows, int width, DeviceArray dy, DeviceArray dBias) {
    dBias.require("dBias", F32, width);
    dy.require("dy", (long) rows * width);
    kernel("bias_back", dy).launch(columnGrid(width), COLUMN_THREADS, 0, rows, width, dy, dBias);
  }

  /** {@code x[row] *= factors[row]}, {@code [rows × width]} and {@code F32 [rows]}. */
  void scaleRows(int rows, int width, DeviceArray factors, DeviceArray x) {
    factors.require("factors", F32, rows);
    x.require("x", (long) rows * width);
    kernel("scale_rows", x)
        .launch(elements((long) rows * width), THREADS, 0, (long) rows * width, width, factors, x);
  }

  /** {@code y = a·x + b·y}, {@code [n]}; {@code y} is not read when {@code b} is 0. Any types. */
  void combine(long n, float a, DeviceArray x, float b, DeviceArray y) {
    x.require("x", n);
    y.require("y", n);
    kernel("combine", x, y).launch(elements(n), THREADS, 0, n, a, x, b, y);
  }

  /** {@code y += x}. */
  void add(long n, DeviceArray x, DeviceArray y) {
    combine(n, 1, x, 1, y);
  }

  /** {@code y = x}, rounded to the nearest where {@code y} is bf16. */
  void convert(long n, DeviceArray x, DeviceArray y) {
    combine(n, 1, x, 0, y);
  }

  /** {@code y[i] = x[index[i]]}, rows of {@code width}, {@code I32 [rows]}. Any types. */
  void gather(int rows, int width, DeviceArray index, DeviceArray x, DeviceArray y) {
    index.require("index", I32, rows);
    y.require("y", (long) rows * width);
    kernel("gather", x, y).launch(Grid.of(rows), THREADS, 0, width, index, x, y);
  }

  /**
   * {@code y[index[i]] = x[i]}, rows of {@code width}: so keys and values are cached. Any types.
   */
  void scatter(int rows, int width, DeviceArray index, DeviceArray x, DeviceArray y) {
    index.require("index", I32, rows);
    x.require("x", (long) rows * width);
    kernel("scatter", x, y).launch(Grid.of(rows), THREADS, 0, width, index, x, y);
  }

  private static Grid rowGrid(int rows, int width) {
    return Grid.of(width >= WIDE ? rows : Kernel.parts(rows, THREADS / 32));
  }

  private static Grid columnGrid(int width) {
    return Grid.of(Kernel.parts(width, COLUMNS));
  }

  private static Grid elements(long n) {
    return Grid.of(Kernel.parts(n, ELEMENTS));
  }

  /** The variant for these types: {@code name_f}, {@code name_fb} and so on. */
  private Kernel kernel(String name, DeviceArray... arrays) {
    StringBuilder variant = new StringBuilder(name).append('_');
    for (DeviceArray array : arrays) {
      variant.append(letter(array.type()));
    }
    return kernels.computeIfAbsent(variant.toString(), full -> device.kernel("rows", full));
  }

  private static char letter(Type type) {
    if (type != F32 && type != BF16) {
      throw new IllegalArgumentException("rows are F32 or BF16, were " + type);
    }
    return type == F32 ? 'f' : 'b';
  }
}

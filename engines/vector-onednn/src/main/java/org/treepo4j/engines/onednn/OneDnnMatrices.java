package org.treepo4j.engines.onednn;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.treepo4j.checkpoints.Bf16;
import org.treepo4j.engines.vector.Bf16Rounding;
import org.treepo4j.engines.vector.PackedMatrix;
import org.treepo4j.model.engine.WeightStorage;

/**
 * The matrices of one model, outside the Java heap in the layout that oneDNN's kernels read: {@code
 * [panel][in][64]} in float32, {@code [panel][in/2][64][2]} in bfloat16, {@code in} rounded up to
 * whole blocks. Small ones stay the vector engine's own.
 */
final class OneDnnMatrices implements PackedMatrix.Factory {
  /** Most panels of one call: 1,024 outputs. */
  private static final int MOST_TOGETHER = 16;

  /** Inputs of a block of the layout. */
  private static final int F32_BLOCK = 16;

  private static final int BF16_BLOCK = 32;

  private final int threads;
  private final long large;
  private final ThreadLocal<Products> products = ThreadLocal.withInitial(Products::new);
  private final Inputs inputs = new Inputs();

  /**
   * @param threads that share a product
   * @param large numbers of a matrix from which on it is oneDNN's
   */
  OneDnnMatrices(int threads, long large) {
    this.threads = threads;
    this.large = large;
  }

  @Override
  public PackedMatrix create(WeightStorage storage, int panels, int in) {
    return (long) panels * PackedMatrix.WIDE * in < large
        ? PackedMatrix.own(storage, panels, in)
        : new Packed(storage, panels, in);
  }

  /** What is multiplied with next, outside the heap: one product at a time uses it. */
  private static final class Inputs {
    private BytePointer memory = new BytePointer();
    private short[] halves = new short[0];

    void set(WeightStorage storage, int rows, int in, float[] x, int xStride) {
      int number = bytes(storage);
      long bytes = (long) Products.padded(rows) * in * number;
      if (memory.capacity() < bytes) {
        memory = Products.allocate(bytes + bytes / 8);
      }
      if (storage == WeightStorage.F32) {
        for (int row = 0; row < rows; row++) {
          floats(memory, (long) row * in, in).put(x, row * xStride, in);
        }
        return;
      }
      if (halves.length < in) {
        halves = new short[in];
      }
      for (int row = 0; row < rows; row++) {
        Bf16Rounding.round(in, x, row * xStride, halves);
        shorts(memory, (long) row * in, in).put(halves, 0, in);
      }
    }
  }

  private final class Packed implements PackedMatrix {
    private final WeightStorage storage;
    private final int panels;
    private final int in;

    /** Inputs, rounded up to whole blocks. */
    private final int depth;

    private final BytePointer weights;

    Packed(WeightStorage storage, int panels, int in) {
      int block = storage == WeightStorage.BF16 ? BF16_BLOCK : F32_BLOCK;
      this.storage = storage;
      this.panels = panels;
      this.in = in;
      this.depth = (in + block - 1) / block * block;
      this.weights = Products.allocate(panelBytes() * panels);
    }

    private long panelBytes() {
      return (long) depth * WIDE * bytes(storage);
    }

    @Override
    public int in() {
      return in;
    }

    @Override
    public int panels() {
      return panels;
    }

    /** A part for each thread, where parts are not too large for the cache then. */
    @Override
    public int together() {
      int share = (panels + threads - 1) / threads;
      return Math.max(2, Math.min(MOST_TOGETHER, share + share % 2));
    }

    @Override
    public void prepare(int rows, float[] x, int xStride) {
      inputs.set(storage, rows, in, x, xStride);
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
      Products mine = products.get();
      int outputs = count * WIDE;
      for (int from = 0; from < rows; from += Products.MOST_ROWS) {
        int some = Math.min(Products.MOST_ROWS, rows - from);
        mine.multiply(
            new Products.Shape(storage, Products.padded(some), outputs, in),
            inputs.memory.address() + (long) from * in * bytes(storage),
            weights.address() + panel * panelBytes());
        for (int row = 0; row < some; row++) {
          mine.copyRow(row, outputs, y, y0 + (from + row) * yStride, add);
        }
      }
    }

    @Override
    public void pack(int panel, float[] values, int fromRow, int rows) {
      if (storage == WeightStorage.F32) {
        float[] packed = new float[depth * WIDE];
        for (int column = 0; column < rows; column++) {
          for (int k = 0; k < in; k++) {
            packed[k * WIDE + column] = values[(fromRow + column) * in + k];
          }
        }
        floats(weights, (long) panel * packed.length, packed.length).put(packed);
        return;
      }
      short[] packed = new short[depth * WIDE];
      for (int column = 0; column < rows; column++) {
        for (int k = 0; k < in; k++) {
          int at = k / 2 * 2 * WIDE + 2 * column + k % 2;
          packed[at] = Bf16.fromFloat(values[(fromRow + column) * in + k]);
        }
      }
      shorts(weights, (long) panel * packed.length, packed.length).put(packed);
    }
  }

  private static int bytes(WeightStorage storage) {
    return storage == WeightStorage.BF16 ? Short.BYTES : Float.BYTES;
  }

  private static FloatBuffer floats(BytePointer memory, long first, int count) {
    return Products.buffer(memory, Float.BYTES * first, (long) Float.BYTES * count)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  private static ShortBuffer shorts(BytePointer memory, long first, int count) {
    return Products.buffer(memory, Short.BYTES * first, (long) Short.BYTES * count)
        .order(ByteOrder.nativeOrder())
        .asShortBuffer();
  }
}

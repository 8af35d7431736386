package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * Attention of a decoder's rows over cached keys and values, which stand in slots, {@code [slots ×
 * kvHeads·dim]} for each layer. A path is a list of runs of slots; paths share slots, so what they
 * have in common is cached once. Serves decoding and prefill alike: the keys and values of a row
 * itself are cached before.
 *
 * <p>Every row is computed in parts of {@link #PART} positions, which are then merged: the bits of
 * a row depend on its own path alone.
 */
final class CacheAttention {
  /** Positions that a block computes. */
  static final int PART = 256;

  private static final int THREADS = 128;

  private final Device device;
  private final Kernel[] parts = new Kernel[2];
  private final Kernel[] merge = new Kernel[2];
  private DeviceArray partial;

  /**
   * What the rows of a step see. Arrays are read when the kernel runs, so that a recorded step
   * reads what they hold then.
   *
   * @param path of each row, {@code I32 [rows]}
   * @param length tokens of its path that each row sees, its own included, {@code I32 [rows]}
   * @param starts first run of each path, {@code I32 [paths + 1]}
   * @param slots first slot of each run, {@code I32 [runs]}
   * @param ends tokens from the path's beginning to the end of each run, {@code I32 [runs]}
   */
  record Paths(
      DeviceArray path,
      DeviceArray length,
      DeviceArray starts,
      DeviceArray slots,
      DeviceArray ends) {
    Paths {
      path.require("path", I32, 0);
      length.require("length", I32, 0);
      starts.require("starts", I32, 1);
      slots.require("slots", I32, 0);
      ends.require("ends", I32, 0);
    }
  }

  CacheAttention(Device device) {
    this.device = device;
    parts[0] = device.kernel("cache", "cache_parts_f");
    parts[1] = device.kernel("cache", "cache_parts_b");
    merge[0] = device.kernel("cache", "cache_merge_f");
    merge[1] = device.kernel("cache", "cache_merge_b");
  }

  /** Reserves scratch memory, so that a recorded step need not: numbers of float32. */
  void reserve(AttentionShape shape, int rows, int longest) {
    long numbers = (long) rows * shape.heads() * Kernel.parts(longest, PART) * (shape.dim() + 2);
    partial = device.atLeast(partial, Type.F32, numbers);
  }

  /**
   * @param rows of the step
   * @param longest at least the greatest {@code length}; more costs little
   * @param window tokens that a row sees, its own included; 0 for all
   * @param q {@code [rows × heads·dim]}
   * @param keys {@code [slots × kvHeads·dim]}, of the type of {@code q}
   * @param values the same
   * @param out receives the weighted values, {@code [rows × heads·dim]}
   */
  void forward(
      AttentionShape shape,
      int rows,
      int longest,
      int window,
      Paths paths,
      DeviceArray q,
      DeviceArray keys,
      DeviceArray values,
      DeviceArray out) {
    q.require("queries", (long) rows * shape.querySize());
    out.require("out", q.type(), (long) rows * shape.querySize());
    keys.require("keys", q.type(), 0);
    values.require("values", q.type(), 0);
    reserve(shape, rows, longest);
    int count = Kernel.parts(longest, PART);
    int type = q.type() == F32 ? 0 : 1;
    // Heads that share a key head are computed together, at most four.
    int together = Math.min(4, shape.group());
    int groups = Kernel.parts(shape.group(), together);
    parts[type].launch(
        new Grid(rows, shape.kvHeads() * groups, count),
        THREADS,
        0,
        shape.heads(),
        shape.kvHeads(),
        shape.dim(),
        together,
        shape.scale(),
        shape.cap(),
        window,
        paths.path(),
        paths.length(),
        paths.starts(),
        paths.slots(),
        paths.ends(),
        q,
        keys,
        values,
        partial);
    merge[type].launch(
        Grid.of(rows, shape.heads()),
        THREADS,
        0,
        shape.heads(),
        shape.dim(),
        count,
        window,
        paths.length(),
        partial,
        out);
  }
}

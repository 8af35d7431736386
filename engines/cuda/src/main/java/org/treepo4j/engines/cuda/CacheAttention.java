package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * Attention of a decoder's rows over cached keys and values, which stand in slots, {@code [slots ×
 * kvHeads·dim]} for each layer. A path is a list of runs of slots; paths share slots, so what they
 * have in common is cached once. Serves decoding and prefill alike: the keys and values of a row
 * itself are cached before.
 *
 * <p>Every row is computed in parts of {@link #PART} positions, which the block that is the last to
 * finish merges in their order: the bits of a row depend on its own path alone.
 */
final class CacheAttention {
  /** Positions that a block computes. */
  static final int PART = 128;

  private static final int THREADS = 128;

  /** Most numbers of scratch memory: rows are computed some at a time, 256 MB. */
  private static final long MOST_PARTIAL = 1 << 26;

  private final Device device;
  private final long mostPartial;
  private final Kernel floats;
  private final Kernel halves;
  private DeviceArray partial;

  /** Parts of a row that are computed, for each group of heads; zero between launches. */
  private DeviceArray finished;

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
    this(device, MOST_PARTIAL);
  }

  /** With other scratch memory, for tests. */
  CacheAttention(Device device, long mostPartial) {
    this.device = device;
    this.mostPartial = mostPartial;
    floats = device.overlapping("cache", "attend_f");
    halves = device.overlapping("cache", "attend_b");
  }

  /** Reserves scratch memory, so that a recorded step need not. */
  void reserve(AttentionShape shape, int rows, int longest) {
    long ofRow = partialOfRow(shape, longest);
    long atOnce = Math.min(rows, rowsAtOnce(ofRow));
    partial = device.atLeast(partial, F32, atOnce * ofRow);
    long counters = atOnce * groups(shape);
    if (finished == null || finished.length() < counters) {
      finished = device.atLeast(finished, I32, counters);
      device.clear(finished);
    }
  }

  /** Heads that share a key head are computed together, at most four. */
  private static int together(AttentionShape shape) {
    return Math.min(4, shape.group());
  }

  private static int groups(AttentionShape shape) {
    return shape.kvHeads() * Kernel.parts(shape.group(), together(shape));
  }

  /** Numbers of scratch memory for a row. */
  private static long partialOfRow(AttentionShape shape, int longest) {
    return (long) shape.heads() * Kernel.parts(longest, PART) * (shape.dim() + 2);
  }

  private int rowsAtOnce(long ofRow) {
    return (int) Math.max(1, mostPartial / ofRow);
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
    int most = rowsAtOnce(partialOfRow(shape, longest));
    for (int from = 0; from < rows; from += most) {
      some(
          shape,
          Math.min(most, rows - from),
          Kernel.parts(longest, PART),
          window,
          paths.path().from(from),
          paths.length().from(from),
          paths,
          q.from((long) from * shape.querySize()),
          keys,
          values,
          out.from((long) from * shape.querySize()));
    }
  }

  private void some(
      AttentionShape shape,
      int rows,
      int count,
      int window,
      DeviceArray path,
      DeviceArray length,
      Paths paths,
      DeviceArray q,
      DeviceArray keys,
      DeviceArray values,
      DeviceArray out) {
    Kernel kernel = q.type() == F32 ? floats : halves;
    kernel.launch(
        new Grid(rows, groups(shape), count),
        THREADS,
        0,
        shape.heads(),
        shape.kvHeads(),
        shape.dim(),
        together(shape),
        shape.scale(),
        shape.cap(),
        window,
        path,
        length,
        paths.starts(),
        paths.slots(),
        paths.ends(),
        q,
        keys,
        values,
        partial,
        finished,
        out);
  }
}

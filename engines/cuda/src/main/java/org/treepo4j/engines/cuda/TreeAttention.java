package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * Grouped-query attention in which a token sees itself and its ancestors (Dao et al. 2022, over the
 * tiles of a {@link TreeTiles}). Queries, outputs and their gradients are {@code [rows ×
 * heads·dim]}, keys, values and theirs {@code [rows × kvHeads·dim]}, all float32 or all bf16;
 * log-sum-exps are {@code F32 [rows × heads]}.
 */
final class TreeAttention {
  private static final int THREADS = 128;

  /** Threads for every head that tensor cores compute together: a warp for 16 queries. */
  private static final int THREADS_OF_HEAD = 64;

  /** Heads that tensor cores compute together, at most, and slots of the gradients of keys. */
  private static final int TOGETHER = 4;

  /** Wider heads have a backward pass without tensor cores. */
  private static final int WIDEST_FLASH = 128;

  private final Kernel[] delta;

  /** By type and width of a head. */
  private final Map<String, Kernel> kernels = new HashMap<>();

  TreeAttention(Device device) {
    delta =
        new Kernel[] {device.kernel("tree", "tree_delta_f"), device.kernel("tree", "tree_delta_b")};
    for (String part : List.of("forward", "back_queries", "back_keys")) {
      for (int dim : new int[] {64, 128, 256}) {
        load(device, "tree", "tree_" + part + "_f" + dim, 0);
        if (dim <= WIDEST_FLASH) {
          load(device, "flash", "flash_" + part + "_" + dim, shared(part, dim));
        }
      }
    }
    load(device, "flash", "flash_forward_256", shared("forward", 256));
    load(device, "tree", "tree_back_queries_b256", 0);
    load(device, "tree", "tree_back_keys_b256", 0);
  }

  private void load(Device device, String module, String name, int shared) {
    kernels.put(name, device.kernel(module, name, shared));
  }

  /**
   * Dynamic shared memory by flash.cu: tiles of keys and values, two of each; or one of each and
   * those of all slots, twice where the next are copied ahead.
   */
  private static int shared(String part, int dim) {
    int ofSlots = 2 * TOGETHER * (dim <= 64 ? 2 : 1);
    int tiles = part.equals("back_keys") ? 2 + ofSlots : 4;
    return tiles * TreeTiles.ROWS * (dim + 8) * Short.BYTES;
  }

  /**
   * @param out receives the weighted values
   * @param normalizers receives what the backward pass needs to turn scores into probabilities
   *     again: greatest score and inverse sum of exponentials, {@code F32 [rows × heads × 2]}
   */
  void forward(
      AttentionShape shape,
      TreeTiles tiles,
      DeviceArray q,
      DeviceArray k,
      DeviceArray v,
      DeviceArray out,
      DeviceArray normalizers) {
    require(shape, tiles, q, k, v);
    out.require("out", q.type(), (long) tiles.rows() * shape.querySize());
    normalizers.require("normalizers", F32, 2L * tiles.rows() * shape.heads());
    launch("forward", shape, tiles, tiles.keys(), q, k, v, out, normalizers);
  }

  /**
   * Gradients of queries, keys and values; the arrays are overwritten.
   *
   * @param out and {@code normalizers} as {@link #forward} left them
   * @param delta scratch, {@code F32 [rows × heads]}
   */
  void backward(
      AttentionShape shape,
      TreeTiles tiles,
      DeviceArray q,
      DeviceArray k,
      DeviceArray v,
      DeviceArray out,
      DeviceArray normalizers,
      DeviceArray dOut,
      DeviceArray delta,
      DeviceArray dq,
      DeviceArray dk,
      DeviceArray dv) {
    require(shape, tiles, q, k, v);
    require(shape, tiles, dq, dk, dv);
    dOut.require("dOut", q.type(), (long) tiles.rows() * shape.querySize());
    delta.require("delta", F32, (long) tiles.rows() * shape.heads());
    long pairs = (long) tiles.rows() * shape.heads();
    this.delta[q.type() == F32 ? 0 : 1].launch(
        Grid.of(Kernel.parts(pairs, THREADS / 32)),
        THREADS,
        0,
        pairs,
        shape.dim(),
        out,
        dOut,
        delta);
    launch("back_queries", shape, tiles, tiles.keys(), q, k, v, normalizers, dOut, delta, dq);
    launch("back_keys", shape, tiles, tiles.queries(), q, k, v, normalizers, dOut, delta, dk, dv);
  }

  /**
   * @param arrays of the kernel behind the shape; the first are the queries
   */
  private void launch(
      String part,
      AttentionShape shape,
      TreeTiles tiles,
      TreeTiles.Lists lists,
      DeviceArray... arrays) {
    boolean keys = part.equals("back_keys");
    boolean floats = arrays[0].type() == F32;
    int dim = shape.dim() <= 64 ? 64 : shape.dim() <= 128 ? 128 : 256;
    boolean flash = !floats && (dim <= WIDEST_FLASH || part.equals("forward"));
    List<Object> arguments = new ArrayList<>();
    arguments.addAll(List.of(tiles.rows(), shape.heads(), shape.kvHeads(), shape.dim()));
    arguments.addAll(List.of(shape.scale(), shape.cap(), tiles.window()));
    arguments.addAll(List.of(tiles.ends(), tiles.positions(), lists.starts(), lists.tiles()));
    int together = Math.min(TOGETHER, shape.group());
    if (flash && !keys) {
      arguments.add(together);
    }
    arguments.addAll(List.of(arrays));
    int blocks = keys ? shape.kvHeads() : shape.heads();
    int threads = THREADS;
    String name = "tree_" + part + (floats ? "_f" : "_b") + dim;
    if (flash) {
      name = "flash_" + part + "_" + dim;
      threads = THREADS_OF_HEAD * (keys ? TOGETHER : together);
      blocks = shape.kvHeads() * (keys ? 1 : Kernel.parts(shape.group(), together));
    }
    kernels
        .get(name)
        .launch(
            Grid.of(tiles.tiles(), blocks),
            threads,
            flash ? shared(part, dim) : 0,
            arguments.toArray());
  }

  private static void require(
      AttentionShape shape, TreeTiles tiles, DeviceArray q, DeviceArray k, DeviceArray v) {
    q.require("queries", (long) tiles.rows() * shape.querySize());
    k.require("keys", q.type(), (long) tiles.rows() * shape.kvSize());
    v.require("values", q.type(), (long) tiles.rows() * shape.kvSize());
  }
}

package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * Grouped-query attention in which a token sees itself and its ancestors (Dao et al. 2022, over the
 * tiles of a {@link TreeTiles}). Queries, outputs and their gradients are {@code [rows ×
 * heads·dim]}, keys, values and theirs {@code [rows × kvHeads·dim]}, all float32 or all bf16;
 * log-sum-exps are {@code F32 [rows × heads]}.
 */
final class TreeAttention {
  private static final int THREADS = 128;

  private final Kernel[] forward;
  private final Kernel[] delta;
  private final Kernel[] queries;
  private final Kernel[] keys;

  TreeAttention(Device device) {
    forward = both(device, "tree_forward");
    delta = both(device, "tree_delta");
    queries = both(device, "tree_back_queries");
    keys = both(device, "tree_back_keys");
  }

  private static Kernel[] both(Device device, String name) {
    return new Kernel[] {device.kernel("tree", name + "_f"), device.kernel("tree", name + "_b")};
  }

  /**
   * @param out receives the weighted values
   * @param logSums receives the log-sum-exp of every row's scores, which the backward pass needs
   */
  void forward(
      AttentionShape shape,
      TreeTiles tiles,
      DeviceArray q,
      DeviceArray k,
      DeviceArray v,
      DeviceArray out,
      DeviceArray logSums) {
    require(shape, tiles, q, k, v);
    out.require("out", q.type(), (long) tiles.rows() * shape.querySize());
    logSums.require("logSums", F32, (long) tiles.rows() * shape.heads());
    of(forward, q)
        .launch(
            Grid.of(tiles.tiles(), shape.heads()),
            THREADS,
            0,
            tiles.rows(),
            shape.heads(),
            shape.kvHeads(),
            shape.dim(),
            shape.scale(),
            shape.cap(),
            tiles.window(),
            tiles.ends(),
            tiles.positions(),
            tiles.keys().starts(),
            tiles.keys().tiles(),
            q,
            k,
            v,
            out,
            logSums);
  }

  /**
   * Gradients of queries, keys and values; the arrays are overwritten.
   *
   * @param out and {@code logSums} as {@link #forward} left them
   * @param delta scratch, {@code F32 [rows × heads]}
   */
  void backward(
      AttentionShape shape,
      TreeTiles tiles,
      DeviceArray q,
      DeviceArray k,
      DeviceArray v,
      DeviceArray out,
      DeviceArray logSums,
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
    of(this.delta, q)
        .launch(
            Grid.of(Kernel.parts(pairs, THREADS / 32)),
            THREADS,
            0,
            pairs,
            shape.dim(),
            out,
            dOut,
            delta);
    of(queries, q)
        .launch(
            Grid.of(tiles.tiles(), shape.heads()),
            THREADS,
            0,
            tiles.rows(),
            shape.heads(),
            shape.kvHeads(),
            shape.dim(),
            shape.scale(),
            shape.cap(),
            tiles.window(),
            tiles.ends(),
            tiles.positions(),
            tiles.keys().starts(),
            tiles.keys().tiles(),
            q,
            k,
            v,
            logSums,
            dOut,
            delta,
            dq);
    of(keys, q)
        .launch(
            Grid.of(tiles.tiles(), shape.kvHeads()),
            THREADS,
            0,
            tiles.rows(),
            shape.heads(),
            shape.kvHeads(),
            shape.dim(),
            shape.scale(),
            shape.cap(),
            tiles.window(),
            tiles.ends(),
            tiles.positions(),
            tiles.queries().starts(),
            tiles.queries().tiles(),
            q,
            k,
            v,
            logSums,
            dOut,
            delta,
            dk,
            dv);
  }

  private static Kernel of(Kernel[] kernels, DeviceArray q) {
    return kernels[q.type() == F32 ? 0 : 1];
  }

  private static void require(
      AttentionShape shape, TreeTiles tiles, DeviceArray q, DeviceArray k, DeviceArray v) {
    q.require("queries", (long) tiles.rows() * shape.querySize());
    k.require("keys", q.type(), (long) tiles.rows() * shape.kvSize());
    v.require("values", q.type(), (long) tiles.rows() * shape.kvSize());
  }
}

package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.NARROW;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;
import static org.treepo4j.engines.vector.HeadShape.PANEL;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of a decoder's batch over the chunks of its cache. All rows below a chunk, times the
 * query heads that share a key head, are multiplied with its keys at once; partial results of the
 * chunks on a path are merged by their log-sum-exp, as tiles of one chunk are.
 */
final class DecoderAttention {
  /** Rows of a score tile, about: tokens times grouped heads. */
  private static final int TILE_ROWS = 96;

  private final WorkerPool pool;
  private final HeadShape shape;
  private final int tileTokens;
  private final AttentionTile[] tiles;

  DecoderAttention(WorkerPool pool, HeadShape shape) {
    this.pool = pool;
    this.shape = shape;
    this.tileTokens = Math.max(1, TILE_ROWS / shape.group());
    this.tiles = new AttentionTile[pool.threads()];
    for (int i = 0; i < tiles.length; i++) {
      tiles[i] = new AttentionTile(tileTokens * shape.group(), shape);
    }
  }

  /**
   * @param window tokens that a token sees, itself included; 0 for all
   * @param q queries of all rows, {@code qStride} apart
   * @param out receives the weighted values, {@code outStride} apart
   */
  void forward(
      BatchPlan plan, int layer, int window, float[] q, int qStride, float[] out, int outStride) {
    int rowTiles = (plan.rows() + tileTokens - 1) / tileTokens;
    pool.run(
        rowTiles * shape.kvHeads(),
        (task, worker) -> {
          int head = task % shape.kvHeads();
          int from = task / shape.kvHeads() * tileTokens;
          int to = Math.min(plan.rows(), from + tileTokens);
          AttentionTile tile = tiles[worker];
          begin(head, from, to, q, qStride, tile);
          for (int visit = 0; visit < plan.visits(); visit++) {
            int first = Math.max(from, plan.visitFrom(visit));
            int last = Math.min(to, plan.visitTo(visit));
            if (first < last) {
              chunk(plan, visit, layer, window, head, from, first, last, tile);
            }
          }
          finish(head, from, to, out, outStride, tile);
        });
  }

  private void begin(int head, int from, int to, float[] q, int qStride, AttentionTile tile) {
    int group = shape.group();
    int count = (to - from) * group;
    for (int row = 0; row < count; row++) {
      int at = (from + row / group) * qStride + (head * group + row % group) * shape.dim();
      RowMath.scale(q, at, shape.scale(), tile.queries, row * shape.padded(), shape.dim());
    }
    Arrays.fill(tile.greatest, 0, count, Float.NEGATIVE_INFINITY);
    Arrays.fill(tile.sums, 0, count * LANES, 0f);
    Arrays.fill(tile.out, 0, count * shape.padded(), 0f);
  }

  /** Rows {@code [first, last)} against the keys of one chunk that they may see. */
  private void chunk(
      BatchPlan plan,
      int visit,
      int layer,
      int window,
      int head,
      int tileFrom,
      int first,
      int last,
      AttentionTile tile) {
    KvChunk chunk = plan.visited(visit);
    for (int start = 0; start < chunk.length(); start += PANEL) {
      int from = first;
      while (from < last && !sees(plan, visit, from, window, start)) {
        from++;
      }
      int to = last;
      while (to > from && !sees(plan, visit, to - 1, window, start)) {
        to--;
      }
      if (from < to) {
        block(plan, visit, chunk, start, layer, window, head, tileFrom, from, to, tile);
      }
    }
  }

  /** Whether a row sees any key of the panel that begins with {@code start}. */
  private static boolean sees(BatchPlan plan, int visit, int row, int window, int start) {
    return plan.limit(visit, row) > start
        && firstSeen(plan, plan.visited(visit), row, window) < start + PANEL;
  }

  /** The first token of a chunk that a row sees. */
  private static int firstSeen(BatchPlan plan, KvChunk chunk, int row, int window) {
    return window == 0 ? 0 : Math.max(0, plan.positions()[row] - window + 1 - chunk.start());
  }

  private void block(
      BatchPlan plan,
      int visit,
      KvChunk chunk,
      int start,
      int layer,
      int window,
      int head,
      int tileFrom,
      int from,
      int to,
      AttentionTile tile) {
    KvBlock block = chunk.block(start);
    int group = shape.group();
    int padded = shape.padded();
    int firstRow = (from - tileFrom) * group;
    int count = (to - from) * group;
    int high = 0;
    for (int row = from; row < to; row++) {
      high = Math.max(high, Math.min(PANEL, plan.limit(visit, row) - start));
    }
    // A short segment fills a part of its block only; the rest need not be computed.
    int columns = (high + NARROW - 1) / NARROW * NARROW;
    GemmKernel.clear(count, columns, tile.scores, firstRow * PANEL, PANEL);
    GemmKernel.product(
        count,
        columns,
        shape.dim(),
        tile.queries,
        firstRow * padded,
        padded,
        1,
        block.keys,
        block.keysAt(layer * shape.kvHeads() + head),
        block.capacity(),
        tile.scores,
        firstRow * PANEL,
        PANEL);
    for (int row = firstRow; row < firstRow + count; row++) {
      int token = tileFrom + row / group;
      int limit = Math.min(PANEL, plan.limit(visit, token) - start);
      if (shape.cap() != 0) {
        SoftCap.forward(tile.scores, row * PANEL, columns, shape.cap());
      }
      SoftmaxRow.accumulate(
          tile.scores,
          row * PANEL,
          columns,
          Math.max(0, firstSeen(plan, chunk, token, window) - start),
          limit,
          row,
          tile.greatest,
          tile.sums,
          tile.out,
          padded);
    }
    GemmKernel.product(
        count,
        padded,
        high,
        tile.scores,
        firstRow * PANEL,
        PANEL,
        1,
        block.values,
        block.valuesAt(layer * shape.kvHeads() + head),
        shape.dim(),
        tile.out,
        firstRow * padded,
        padded);
  }

  private void finish(int head, int from, int to, float[] out, int outStride, AttentionTile tile) {
    int group = shape.group();
    for (int row = 0; row < (to - from) * group; row++) {
      float sum = RowMath.sum(FloatVector.fromArray(SPECIES, tile.sums, row * LANES));
      int at = (from + row / group) * outStride + (head * group + row % group) * shape.dim();
      RowMath.scale(tile.out, row * shape.padded(), 1 / sum, out, at, shape.dim());
    }
  }
}

package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;
import static org.treepo4j.engines.vector.HeadShape.PANEL;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * Grouped-query attention in which a token sees itself and its ancestors. A block of consecutive
 * tokens of one segment, times the query heads that share a key head, forms the rows of a small
 * matrix product with each panel of ancestor keys; scores never leave the tile (Dao et al. 2022).
 * The cost is that of the ancestors: other branches are not visited, nor is what lies before a
 * window.
 *
 * <p>Shapes: queries and outputs {@code [rows × heads·dim]}, keys and values {@code [rows ×
 * kvHeads·dim]}, log-sum-exps {@code [rows × heads]}. Rows are those of a {@link TreeLayout}.
 */
final class TreeAttention {
  /** Rows of a score tile, about: tokens times grouped heads. */
  private static final int TILE_ROWS = 96;

  private final WorkerPool pool;
  private final HeadShape shape;
  private final HeadPanels panels;
  private final int blockTokens;
  private final AttentionTile[] tiles;
  private float[] keyPanels = new float[0];
  private float[] valuePanels = new float[0];
  private float[] keyRows = new float[0];
  private float[] valueRows = new float[0];
  private float[] dKeyRows = new float[0];
  private float[] dValueRows = new float[0];

  /** Consecutive query rows of one segment. */
  private record Block(TreeLayout.Segment segment, int from, int to) {}

  /**
   * How far back tokens see.
   *
   * @param window tokens that a token sees, itself included; 0 for all
   * @param positions by row
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  private record Sight(int window, int[] positions) {
    /**
     * The first row that a token sees, of a range of its ancestors that begins with {@code from};
     * behind the range when it sees none of it.
     */
    int first(int token, int from) {
      return window == 0
          ? from
          : from + Math.max(0, positions[token] - window + 1 - positions[from]);
    }
  }

  TreeAttention(WorkerPool pool, HeadShape shape) {
    this.pool = pool;
    this.shape = shape;
    this.panels = new HeadPanels(pool, shape);
    this.blockTokens = Math.max(1, TILE_ROWS / shape.group());
    this.tiles = new AttentionTile[pool.threads()];
    for (int i = 0; i < tiles.length; i++) {
      tiles[i] = new AttentionTile(blockTokens * shape.group(), shape);
    }
  }

  /**
   * @param window tokens that a token sees, itself included; 0 for all
   * @param out receives the weighted values
   * @param logSums receives the log-sum-exp of every row's scores, which the backward pass needs
   */
  void forward(
      TreeLayout layout,
      int window,
      float[] q,
      float[] k,
      float[] v,
      float[] out,
      float[] logSums) {
    int rows = layout.rows();
    Sight sight = new Sight(window, layout.positions());
    keyPanels = FloatArrays.atLeast(keyPanels, panels.transposedSize(rows));
    valueRows = FloatArrays.atLeast(valueRows, panels.paddedSize(rows));
    panels.transpose(rows, k, keyPanels);
    panels.pad(rows, v, valueRows);
    List<Block> blocks = new ArrayList<>();
    for (int tree = 0; tree < layout.trees(); tree++) {
      blocks.addAll(blocks(layout, tree));
    }
    pool.run(
        blocks.size() * shape.kvHeads(),
        (task, worker) ->
            forward(
                blocks.get(task / shape.kvHeads()),
                task % shape.kvHeads(),
                rows,
                sight,
                q,
                out,
                logSums,
                tiles[worker]));
  }

  private void forward(
      Block block,
      int head,
      int rows,
      Sight sight,
      float[] q,
      float[] out,
      float[] logSums,
      AttentionTile tile) {
    int count = (block.to() - block.from()) * shape.group();
    gather(block, head, q, shape.scale(), tile.queries);
    Arrays.fill(tile.greatest, 0, count, Float.NEGATIVE_INFINITY);
    Arrays.fill(tile.sums, 0, count * LANES, 0f);
    Arrays.fill(tile.out, 0, count * shape.padded(), 0f);
    int[] ancestors = block.segment().ancestors();
    for (int i = 0; i < ancestors.length; i += 2) {
      forward(block, head, rows, sight, ancestors[i], ancestors[i + 1], tile);
    }
    forward(block, head, rows, sight, block.segment().start(), block.to(), tile);
    finish(block, head, out, logSums, tile);
  }

  /** All keys of one range. */
  private void forward(
      Block block, int head, int rows, Sight sight, int from, int to, AttentionTile tile) {
    int count = (block.to() - block.from()) * shape.group();
    int padded = shape.padded();
    int begin = sight.first(block.from(), from);
    for (int panel = begin / PANEL; panel * PANEL < to; panel++) {
      int first = panel * PANEL;
      int low = Math.max(0, begin - first);
      int high = Math.min(PANEL, to - first);
      scores(count, head, rows, panel, tile);
      if (shape.cap() != 0) {
        SoftCap.forward(tile.scores, 0, count * PANEL, shape.cap());
      }
      for (int row = 0; row < count; row++) {
        int token = block.from() + row / shape.group();
        int limit = Math.min(high, token + 1 - first);
        SoftmaxRow.accumulate(
            tile.scores,
            row * PANEL,
            PANEL,
            Math.max(low, sight.first(token, from) - first),
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
          high - low,
          tile.scores,
          low,
          PANEL,
          1,
          valueRows,
          panels.paddedAt(rows, head, first + low),
          padded,
          tile.out,
          0,
          padded);
    }
  }

  private void scores(int count, int head, int rows, int panel, AttentionTile tile) {
    GemmKernel.clear(count, PANEL, tile.scores, 0, PANEL);
    GemmKernel.product(
        count,
        PANEL,
        shape.dim(),
        tile.queries,
        0,
        shape.padded(),
        1,
        keyPanels,
        panels.transposedAt(rows, head, panel),
        PANEL,
        tile.scores,
        0,
        PANEL);
  }

  private void finish(Block block, int head, float[] out, float[] logSums, AttentionTile tile) {
    int group = shape.group();
    for (int row = 0; row < (block.to() - block.from()) * group; row++) {
      int token = block.from() + row / group;
      int queryHead = head * group + row % group;
      float sum = RowMath.sum(FloatVector.fromArray(SPECIES, tile.sums, row * LANES));
      int target = token * shape.querySize() + queryHead * shape.dim();
      RowMath.scale(tile.out, row * shape.padded(), 1 / sum, out, target, shape.dim());
      logSums[token * shape.heads() + queryHead] = (float) (tile.greatest[row] + Math.log(sum));
    }
  }

  /**
   * Gradients of queries, keys and values; the arrays are overwritten. Work is split by tree and
   * key head, whose keys no other task touches.
   */
  void backward(
      TreeLayout layout,
      int window,
      float[] q,
      float[] k,
      float[] v,
      float[] out,
      float[] logSums,
      float[] dOut,
      float[] dq,
      float[] dk,
      float[] dv) {
    int rows = layout.rows();
    Sight sight = new Sight(window, layout.positions());
    keyPanels = FloatArrays.atLeast(keyPanels, panels.transposedSize(rows));
    valuePanels = FloatArrays.atLeast(valuePanels, panels.transposedSize(rows));
    keyRows = FloatArrays.atLeast(keyRows, panels.paddedSize(rows));
    dKeyRows = FloatArrays.atLeast(dKeyRows, panels.paddedSize(rows));
    dValueRows = FloatArrays.atLeast(dValueRows, panels.paddedSize(rows));
    panels.transpose(rows, k, keyPanels);
    panels.transpose(rows, v, valuePanels);
    panels.pad(rows, k, keyRows);
    pool.run(
        layout.trees() * shape.kvHeads(),
        (task, worker) -> {
          int head = task % shape.kvHeads();
          List<TreeLayout.Segment> segments = layout.segments(task / shape.kvHeads());
          int first = segments.get(0).start();
          int end = segments.get(segments.size() - 1).end();
          int from = panels.paddedAt(rows, head, first);
          int to = from + (end - first) * shape.padded();
          Arrays.fill(dKeyRows, from, to, 0f);
          Arrays.fill(dValueRows, from, to, 0f);
          for (Block block : blocks(layout, task / shape.kvHeads())) {
            backward(block, head, rows, sight, q, out, logSums, dOut, dq, tiles[worker]);
          }
          panels.unpad(rows, head, first, end, dKeyRows, dk);
          panels.unpad(rows, head, first, end, dValueRows, dv);
        });
  }

  private void backward(
      Block block,
      int head,
      int rows,
      Sight sight,
      float[] q,
      float[] out,
      float[] logSums,
      float[] dOut,
      float[] dq,
      AttentionTile tile) {
    int group = shape.group();
    int count = (block.to() - block.from()) * group;
    gather(block, head, q, shape.scale(), tile.queries);
    gather(block, head, dOut, 1f, tile.out);
    for (int row = 0; row < count; row++) {
      int token = block.from() + row / group;
      int queryHead = head * group + row % group;
      int at = token * shape.querySize() + queryHead * shape.dim();
      tile.greatest[row] = logSums[token * shape.heads() + queryHead];
      tile.shift[row] = RowMath.dot(out, at, dOut, at, shape.dim());
    }
    Arrays.fill(tile.dQueries, 0, count * shape.padded(), 0f);
    int[] ancestors = block.segment().ancestors();
    for (int i = 0; i < ancestors.length; i += 2) {
      backward(block, head, rows, sight, ancestors[i], ancestors[i + 1], tile);
    }
    backward(block, head, rows, sight, block.segment().start(), block.to(), tile);
    for (int row = 0; row < count; row++) {
      int token = block.from() + row / group;
      int at = token * shape.querySize() + (head * group + row % group) * shape.dim();
      RowMath.scale(tile.dQueries, row * shape.padded(), shape.scale(), dq, at, shape.dim());
    }
  }

  /** All keys of one range. */
  private void backward(
      Block block, int head, int rows, Sight sight, int from, int to, AttentionTile tile) {
    int count = (block.to() - block.from()) * shape.group();
    int padded = shape.padded();
    int begin = sight.first(block.from(), from);
    for (int panel = begin / PANEL; panel * PANEL < to; panel++) {
      int first = panel * PANEL;
      int low = Math.max(0, begin - first);
      int high = Math.min(PANEL, to - first);
      scores(count, head, rows, panel, tile);
      if (shape.cap() != 0) {
        SoftCap.forward(tile.scores, 0, count * PANEL, shape.cap(), 1f, tile.slopes, 0);
      }
      // dWeights = dOut·Vᵀ
      GemmKernel.clear(count, PANEL, tile.dScores, 0, PANEL);
      GemmKernel.product(
          count,
          PANEL,
          shape.dim(),
          tile.out,
          0,
          padded,
          1,
          valuePanels,
          panels.transposedAt(rows, head, panel),
          PANEL,
          tile.dScores,
          0,
          PANEL);
      for (int row = 0; row < count; row++) {
        int token = block.from() + row / shape.group();
        int limit = Math.min(high, token + 1 - first);
        int seen = Math.max(low, sight.first(token, from) - first);
        SoftmaxRow.probabilities(tile.scores, row * PANEL, seen, limit, tile.greatest[row]);
        SoftmaxRow.backward(tile.scores, tile.dScores, row * PANEL, tile.shift[row]);
      }
      if (shape.cap() != 0) {
        RowMath.multiply(tile.slopes, 0, tile.dScores, 0, count * PANEL);
      }
      int keys = panels.paddedAt(rows, head, first + low);
      // dV += weightsᵀ·dOut, dK += dScoresᵀ·Q, dQ += dScores·K
      GemmKernel.product(
          high - low,
          padded,
          count,
          tile.scores,
          low,
          1,
          PANEL,
          tile.out,
          0,
          padded,
          dValueRows,
          keys,
          padded);
      GemmKernel.product(
          high - low,
          padded,
          count,
          tile.dScores,
          low,
          1,
          PANEL,
          tile.queries,
          0,
          padded,
          dKeyRows,
          keys,
          padded);
      GemmKernel.product(
          count,
          padded,
          high - low,
          tile.dScores,
          low,
          PANEL,
          1,
          keyRows,
          keys,
          padded,
          tile.dQueries,
          0,
          padded);
    }
  }

  /** Rows of a block by token and grouped head, padded with zeros. */
  private void gather(Block block, int head, float[] from, float factor, float[] to) {
    int group = shape.group();
    for (int row = 0; row < (block.to() - block.from()) * group; row++) {
      int token = block.from() + row / group;
      int at = token * shape.querySize() + (head * group + row % group) * shape.dim();
      RowMath.scale(from, at, factor, to, row * shape.padded(), shape.dim());
    }
  }

  private List<Block> blocks(TreeLayout layout, int tree) {
    List<Block> blocks = new ArrayList<>();
    for (TreeLayout.Segment segment : layout.segments(tree)) {
      for (int from = segment.start(); from < segment.end(); from += blockTokens) {
        blocks.add(new Block(segment, from, Math.min(segment.end(), from + blockTokens)));
      }
    }
    return blocks;
  }
}

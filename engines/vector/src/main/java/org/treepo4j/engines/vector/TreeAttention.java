package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.TreeTile.KEYS;

import java.util.Arrays;
import java.util.List;
import org.treepo4j.engines.vector.TreeBlocks.Block;
import org.treepo4j.engines.vector.TreeBlocks.Part;

/**
 * Grouped-query attention in which a token sees itself and its ancestors. A block of consecutive
 * tokens of one segment, times the query heads that share a key head, are the lanes of a tile; the
 * keys of each range of ancestors run past them where they lie, so that a range of eight keys costs
 * eight keys. Scores never leave the tile (Dao et al. 2022). Other branches are not visited, nor is
 * what lies before a window.
 *
 * <p>Shapes: queries and outputs {@code [rows × heads·dim]}, keys and values {@code [rows ×
 * kvHeads·dim]}, log-sum-exps {@code [rows × heads]}. Rows are those of a {@link TreeLayout}.
 */
final class TreeAttention {
  /** Lanes of a tile, about: tokens times grouped heads. */
  private static final int TILE_LANES = 96;

  private static final int ROWS_PER_TASK = 64;

  private final WorkerPool pool;
  private final HeadShape shape;
  private final HeadRows heads;
  private final int blockTokens;
  private final TreeTile[] tiles;
  private float[] keyRows = new float[0];
  private float[] valueRows = new float[0];

  /** Gradients of keys and values, those of every part of a tree apart. */
  private float[][] dKeyRows = new float[0][];

  private float[][] dValueRows = new float[0][];

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

    /** Tokens of a block that are not too far behind a key. */
    int near(Block block, int key) {
      int tokens = block.tokens();
      return window == 0
          ? tokens
          : Math.min(tokens, positions[key] + window - positions[block.from()]);
    }
  }

  TreeAttention(WorkerPool pool, HeadShape shape) {
    this.pool = pool;
    this.shape = shape;
    this.heads = new HeadRows(pool, shape);
    this.blockTokens = Math.max(1, TILE_LANES / shape.group());
    this.tiles = new TreeTile[pool.threads()];
    for (int i = 0; i < tiles.length; i++) {
      tiles[i] = new TreeTile(blockTokens * shape.group(), shape);
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
    pad(layout.rows(), k, v);
    Sight sight = new Sight(window, layout.positions());
    List<Block> blocks = new TreeBlocks(layout, blockTokens, shape.kvHeads()).all();
    pool.run(
        blocks.size() * shape.kvHeads(),
        (task, worker) ->
            forward(
                blocks.get(task / shape.kvHeads()),
                task % shape.kvHeads(),
                layout.rows(),
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
      TreeTile tile) {
    int lanes = block.tokens() * shape.group();
    columns(block, head, q, shape.scale(), tile.queryColumns, tile.stride);
    Arrays.fill(tile.greatest, SoftmaxLanes.NONE);
    Arrays.fill(tile.sums, 0f);
    Arrays.fill(tile.out, 0, lanes * shape.padded(), 0f);
    int[] ancestors = block.segment().ancestors();
    for (int i = 0; i < ancestors.length; i += 2) {
      forward(block, head, rows, sight, ancestors[i], ancestors[i + 1], tile);
    }
    forward(block, head, rows, sight, block.segment().start(), block.to(), tile);
    for (int lane = 0; lane < lanes; lane++) {
      int token = block.from() + lane / shape.group();
      int queryHead = head * shape.group() + lane % shape.group();
      int target = token * shape.querySize() + queryHead * shape.dim();
      float sum = tile.sums[lane];
      RowMath.scale(tile.out, lane * shape.padded(), 1 / sum, out, target, shape.dim());
      logSums[token * shape.heads() + queryHead] = (float) (tile.greatest[lane] + Math.log(sum));
    }
  }

  /** All keys of one range. */
  private void forward(
      Block block, int head, int rows, Sight sight, int from, int to, TreeTile tile) {
    int lanes = block.tokens() * shape.group();
    int width = width(lanes);
    int padded = shape.padded();
    for (int first = sight.first(block.from(), from); first < to; first += KEYS) {
      int keys = Math.min(KEYS, to - first);
      int at = heads.at(rows, head, first);
      product(keys, width, keyRows, at, tile.queryColumns, tile.scores, tile.stride);
      if (shape.cap() != 0) {
        SoftCap.forward(tile.scores, 0, keys * tile.stride, shape.cap());
      }
      mask(block, sight, first, keys, tile, tile.scores, Float.NEGATIVE_INFINITY);
      SoftmaxLanes.exponentials(
          tile.scores, keys, tile.stride, width, tile.greatest, tile.sums, tile.shrink);
      mask(block, sight, first, keys, tile, tile.scores, 0f);
      SoftmaxLanes.sum(tile.scores, keys, tile.stride, width, tile.sums);
      for (int lane = 0; lane < lanes; lane++) {
        if (tile.shrink[lane] != 1) {
          RowMath.scale(
              tile.out, lane * padded, tile.shrink[lane], tile.out, lane * padded, padded);
        }
      }
      GemmKernel.product(
          lanes,
          padded,
          keys,
          tile.scores,
          0,
          1,
          tile.stride,
          valueRows,
          at,
          padded,
          tile.out,
          0,
          padded);
    }
  }

  /** Sets lanes that do not see a key: its descendants alone do, as far as the window reaches. */
  private void mask(
      Block block, Sight sight, int first, int keys, TreeTile tile, float[] scores, float value) {
    int group = shape.group();
    for (int key = 0; key < keys; key++) {
      int low = Math.max(0, first + key - block.from());
      int high = sight.near(block, first + key);
      if (low > 0 || high < block.tokens()) {
        int width = width(block.tokens() * group);
        SoftmaxLanes.mask(scores, key * tile.stride, low * group, high * group, width, value);
      }
    }
  }

  /** {@code [keys × width] = rows·columns}, rows of one head from {@code at} on. */
  private void product(
      int keys, int width, float[] rows, int at, float[] columns, float[] to, int stride) {
    GemmKernel.clear(keys, width, to, 0, stride);
    GemmKernel.product(
        keys, width, shape.dim(), rows, at, shape.padded(), 1, columns, 0, stride, to, 0, stride);
  }

  /**
   * Gradients of queries, keys and values; the arrays are overwritten. Work is split by key head
   * and part of a tree.
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
    pad(rows, k, v);
    Sight sight = new Sight(window, layout.positions());
    TreeBlocks blocks = new TreeBlocks(layout, blockTokens, shape.kvHeads());
    reserve(blocks.mostParts(), heads.size(rows));
    pool.run(
        blocks.parts().size() * shape.kvHeads(),
        (task, worker) -> {
          int head = task % shape.kvHeads();
          Part part = blocks.parts().get(task / shape.kvHeads());
          int from = heads.at(rows, head, layout.firstRow(part.tree()));
          int to = heads.at(rows, head, layout.endRow(part.tree()));
          float[] dKeys = dKeyRows[part.number()];
          float[] dValues = dValueRows[part.number()];
          Arrays.fill(dKeys, from, to, 0f);
          Arrays.fill(dValues, from, to, 0f);
          for (Block block : part.blocks()) {
            TreeTile tile = tiles[worker];
            backward(block, head, rows, sight, q, out, logSums, dOut, dq, dKeys, dValues, tile);
          }
        });
    int[] parts = new int[layout.trees()];
    blocks.parts().forEach(part -> parts[part.tree()] = part.number() + 1);
    for (int tree = 0; tree < layout.trees(); tree++) {
      int first = layout.firstRow(tree);
      int end = layout.endRow(tree);
      int count = parts[tree];
      int chunks = (end - first + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
      pool.run(
          chunks * shape.kvHeads(),
          (task, worker) -> {
            int head = task % shape.kvHeads();
            int from = first + task / shape.kvHeads() * ROWS_PER_TASK;
            int to = Math.min(end, from + ROWS_PER_TASK);
            heads.unpad(rows, head, from, to, count, dKeyRows, dk);
            heads.unpad(rows, head, from, to, count, dValueRows, dv);
          });
    }
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
      float[] dKeys,
      float[] dValues,
      TreeTile tile) {
    int group = shape.group();
    int lanes = block.tokens() * group;
    int padded = shape.padded();
    columns(block, head, q, shape.scale(), tile.queryColumns, tile.stride);
    columns(block, head, dOut, 1f, tile.dOutColumns, tile.stride);
    for (int lane = 0; lane < lanes; lane++) {
      int token = block.from() + lane / group;
      int queryHead = head * group + lane % group;
      int at = token * shape.querySize() + queryHead * shape.dim();
      RowMath.scale(q, at, shape.scale(), tile.queries, lane * padded, shape.dim());
      System.arraycopy(dOut, at, tile.dOut, lane * padded, shape.dim());
      tile.greatest[lane] = logSums[token * shape.heads() + queryHead];
      tile.shift[lane] = RowMath.dot(out, at, dOut, at, shape.dim());
    }
    Arrays.fill(tile.dQueries, 0, lanes * padded, 0f);
    int[] ancestors = block.segment().ancestors();
    for (int i = 0; i < ancestors.length; i += 2) {
      backward(block, head, rows, sight, ancestors[i], ancestors[i + 1], dKeys, dValues, tile);
    }
    int start = block.segment().start();
    backward(block, head, rows, sight, start, block.to(), dKeys, dValues, tile);
    for (int lane = 0; lane < lanes; lane++) {
      int token = block.from() + lane / group;
      int at = token * shape.querySize() + (head * group + lane % group) * shape.dim();
      RowMath.scale(tile.dQueries, lane * padded, shape.scale(), dq, at, shape.dim());
    }
  }

  /** All keys of one range. */
  private void backward(
      Block block,
      int head,
      int rows,
      Sight sight,
      int from,
      int to,
      float[] dKeys,
      float[] dValues,
      TreeTile tile) {
    int lanes = block.tokens() * shape.group();
    int width = width(lanes);
    int stride = tile.stride;
    int padded = shape.padded();
    float[] p = tile.scores;
    float[] d = tile.dScores;
    for (int first = sight.first(block.from(), from); first < to; first += KEYS) {
      int keys = Math.min(KEYS, to - first);
      int at = heads.at(rows, head, first);
      product(keys, width, keyRows, at, tile.queryColumns, p, stride);
      if (shape.cap() != 0) {
        SoftCap.forward(p, 0, keys * stride, shape.cap(), 1f, tile.slopes, 0);
      }
      // dWeights = V·dOutᵀ
      product(keys, width, valueRows, at, tile.dOutColumns, d, stride);
      SoftmaxLanes.backward(p, d, keys, stride, width, tile.greatest, tile.shift);
      if (shape.cap() != 0) {
        RowMath.multiply(tile.slopes, 0, d, 0, keys * stride);
      }
      mask(block, sight, first, keys, tile, p, 0f);
      mask(block, sight, first, keys, tile, d, 0f);
      // dV += weights·dOut, dK += dScores·Q, dQ += dScoresᵀ·K
      GemmKernel.product(
          keys, padded, lanes, p, 0, stride, 1, tile.dOut, 0, padded, dValues, at, padded);
      GemmKernel.product(
          keys, padded, lanes, d, 0, stride, 1, tile.queries, 0, padded, dKeys, at, padded);
      GemmKernel.product(
          lanes, padded, keys, d, 0, 1, stride, keyRows, at, padded, tile.dQueries, 0, padded);
    }
  }

  /**
   * Rows of a block as columns, {@code [dim × stride]}; lanes beyond the block are zero up to whole
   * vectors.
   */
  private void columns(Block block, int head, float[] from, float factor, float[] to, int stride) {
    int group = shape.group();
    int dim = shape.dim();
    int lanes = block.tokens() * group;
    for (int begin = 0; begin < lanes; begin += LANES) {
      int count = Math.min(LANES, lanes - begin);
      for (int d = 0; d < dim; d++) {
        for (int lane = begin; lane < begin + count; lane++) {
          int token = block.from() + lane / group;
          int at = token * shape.querySize() + (head * group + lane % group) * dim;
          to[d * stride + lane] = from[at + d] * factor;
        }
        Arrays.fill(to, d * stride + begin + count, d * stride + begin + LANES, 0f);
      }
    }
  }

  /** Lanes up to whole vectors. */
  private static int width(int lanes) {
    return (lanes + LANES - 1) / LANES * LANES;
  }

  private void pad(int rows, float[] k, float[] v) {
    keyRows = FloatArrays.atLeast(keyRows, heads.size(rows));
    valueRows = FloatArrays.atLeast(valueRows, heads.size(rows));
    heads.pad(rows, k, keyRows);
    heads.pad(rows, v, valueRows);
  }

  private void reserve(int parts, int size) {
    int had = dKeyRows.length;
    if (had < parts) {
      dKeyRows = Arrays.copyOf(dKeyRows, parts);
      dValueRows = Arrays.copyOf(dValueRows, parts);
      Arrays.fill(dKeyRows, had, parts, new float[0]);
      Arrays.fill(dValueRows, had, parts, new float[0]);
    }
    for (int part = 0; part < parts; part++) {
      dKeyRows[part] = FloatArrays.atLeast(dKeyRows[part], size);
      dValueRows[part] = FloatArrays.atLeast(dValueRows[part], size);
    }
  }
}

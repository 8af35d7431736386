package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.TreeTile.KEYS;

import java.util.Arrays;
import java.util.List;
import org.treepo4j.engines.vector.SoftmaxLanes.Normalizers;
import org.treepo4j.engines.vector.TreeBlocks.Block;
import org.treepo4j.engines.vector.TreeBlocks.Part;
import org.treepo4j.engines.vector.TreeBlocks.Sight;

/**
 * Grouped-query attention in which a token sees itself and its ancestors. A block of consecutive
 * tokens of one segment, times the query heads that share a key head, are the lanes of a tile; keys
 * run past them one by one, those of short segments brought together first, so that eight keys cost
 * eight keys. Scores never leave the tile (Dao et al. 2022). Other branches are not visited.
 *
 * <p>Shapes: queries and outputs {@code [rows × heads·dim]}, keys and values {@code [rows ×
 * kvHeads·dim]}. Rows are those of a {@link TreeLayout}.
 */
final class TreeAttention {
  /** Lanes of a tile, about: tokens times grouped heads. */
  private static final int TILE_LANES = 64;

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
   * @param normalizers receives those of every row and head, which the backward pass needs
   */
  void forward(
      TreeLayout layout,
      int window,
      float[] q,
      float[] k,
      float[] v,
      float[] out,
      Normalizers normalizers) {
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
                normalizers,
                tiles[worker]));
  }

  private void forward(
      Block block,
      int head,
      int rows,
      Sight sight,
      float[] q,
      float[] out,
      Normalizers normalizers,
      TreeTile tile) {
    int lanes = block.tokens() * shape.group();
    gather(block, head, q, shape.scale(), tile.queries, tile.queryColumns, tile.stride);
    Arrays.fill(tile.greatest, SoftmaxLanes.NONE);
    Arrays.fill(tile.sums, 0f);
    Arrays.fill(tile.out, 0, lanes * shape.padded(), 0f);
    int keys = tile.list(block, sight);
    for (int first = 0; first < keys; first += KEYS) {
      tile.take(first, Math.min(KEYS, keys - first));
      forward(block, head, rows, sight, tile);
    }
    for (int lane = 0; lane < lanes; lane++) {
      int token = block.from() + lane / shape.group();
      int queryHead = head * shape.group() + lane % shape.group();
      int target = token * shape.querySize() + queryHead * shape.dim();
      float inverse = 1 / tile.sums[lane];
      RowMath.scale(tile.out, lane * shape.padded(), inverse, out, target, shape.dim());
      normalizers.greatest[token * shape.heads() + queryHead] = tile.greatest[lane];
      normalizers.inverse[token * shape.heads() + queryHead] = inverse;
    }
  }

  /** The keys that the tile has taken. */
  private void forward(Block block, int head, int rows, Sight sight, TreeTile tile) {
    int lanes = block.tokens() * shape.group();
    int width = width(lanes);
    int padded = shape.padded();
    int keys = tile.keys();
    int at = heads.at(rows, head, tile.firstKey());
    tile.gather(keyRows, at, tile.keyRows);
    tile.gather(valueRows, at, tile.valueRows);
    boolean inPlace = tile.inPlace();
    int from = inPlace ? at : 0;
    float[] k = inPlace ? keyRows : tile.keyRows;
    float[] v = inPlace ? valueRows : tile.valueRows;
    product(keys, width, k, from, tile.queryColumns, tile.scores, tile.stride);
    if (shape.cap() != 0) {
      SoftCap.forward(tile.scores, 0, keys * tile.stride, shape.cap());
    }
    mask(block, sight, tile, tile.scores, Float.NEGATIVE_INFINITY);
    SoftmaxLanes.exponentials(
        tile.scores, keys, tile.stride, width, tile.greatest, tile.sums, tile.shrink);
    mask(block, sight, tile, tile.scores, 0f);
    SoftmaxLanes.sum(tile.scores, keys, tile.stride, width, tile.sums);
    for (int lane = 0; lane < lanes; lane++) {
      if (tile.shrink[lane] != 1) {
        RowMath.scale(tile.out, lane * padded, tile.shrink[lane], tile.out, lane * padded, padded);
      }
    }
    GemmKernel.product(
        lanes, padded, keys, tile.scores, 0, 1, tile.stride, v, from, padded, tile.out, 0, padded);
  }

  /** Sets lanes that do not see a key: its descendants alone do, as far as the window reaches. */
  private void mask(Block block, Sight sight, TreeTile tile, float[] scores, float value) {
    int group = shape.group();
    int width = width(block.tokens() * group);
    for (int key = tile.keys() - 1; key >= 0; key--) {
      int row = tile.row(key);
      int low = Math.max(0, row - block.from());
      int high = sight.near(block, row);
      if (low > 0 || high < block.tokens()) {
        SoftmaxLanes.mask(scores, key * tile.stride, low * group, high * group, width, value);
      } else if (sight.window() == 0) {
        return; // all further up is seen by all
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
      Normalizers normalizers,
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
            backward(block, head, rows, sight, q, out, normalizers, dOut, dq, dKeys, dValues, tile);
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
      Normalizers normalizers,
      float[] dOut,
      float[] dq,
      float[] dKeys,
      float[] dValues,
      TreeTile tile) {
    int group = shape.group();
    int lanes = block.tokens() * group;
    int padded = shape.padded();
    gather(block, head, q, shape.scale(), tile.queries, tile.queryColumns, tile.stride);
    gather(block, head, dOut, 1f, tile.dOut, tile.dOutColumns, tile.stride);
    for (int lane = 0; lane < lanes; lane++) {
      int token = block.from() + lane / group;
      int queryHead = head * group + lane % group;
      int at = token * shape.querySize() + queryHead * shape.dim();
      tile.greatest[lane] = normalizers.greatest[token * shape.heads() + queryHead];
      tile.inverse[lane] = normalizers.inverse[token * shape.heads() + queryHead];
      RowMath.scale(out, at, 1f, tile.out, lane * padded, shape.dim());
    }
    tile.shifts(lanes, shape.dim());
    Arrays.fill(tile.dQueries, 0, lanes * padded, 0f);
    int keys = tile.list(block, sight);
    for (int first = 0; first < keys; first += KEYS) {
      tile.take(first, Math.min(KEYS, keys - first));
      backward(block, head, rows, sight, dKeys, dValues, tile);
    }
    for (int lane = 0; lane < lanes; lane++) {
      int token = block.from() + lane / group;
      int at = token * shape.querySize() + (head * group + lane % group) * shape.dim();
      RowMath.scale(tile.dQueries, lane * padded, shape.scale(), dq, at, shape.dim());
    }
  }

  /** The keys that the tile has taken. */
  private void backward(
      Block block, int head, int rows, Sight sight, float[] dKeys, float[] dValues, TreeTile tile) {
    int lanes = block.tokens() * shape.group();
    int width = width(lanes);
    int stride = tile.stride;
    int padded = shape.padded();
    int keys = tile.keys();
    int at = heads.at(rows, head, tile.firstKey());
    tile.gather(keyRows, at, tile.keyRows);
    tile.gather(valueRows, at, tile.valueRows);
    boolean inPlace = tile.inPlace();
    int from = inPlace ? at : 0;
    float[] k = inPlace ? keyRows : tile.keyRows;
    float[] v = inPlace ? valueRows : tile.valueRows;
    float[] p = tile.scores;
    float[] d = tile.dScores;
    product(keys, width, k, from, tile.queryColumns, p, stride);
    if (shape.cap() != 0) {
      SoftCap.forward(p, 0, keys * stride, shape.cap(), 1f, tile.slopes, 0);
    }
    // dWeights = V·dOutᵀ
    product(keys, width, v, from, tile.dOutColumns, d, stride);
    SoftmaxLanes.backward(p, d, keys, stride, width, tile.greatest, tile.inverse, tile.shift);
    if (shape.cap() != 0) {
      RowMath.multiply(tile.slopes, 0, d, 0, keys * stride);
    }
    mask(block, sight, tile, p, 0f);
    mask(block, sight, tile, d, 0f);
    // dV += weights·dOut, dK += dScores·Q, dQ += dScoresᵀ·K
    gradient(keys, lanes, p, tile.dOut, dValues, at, tile.valueRows, tile);
    GemmKernel.product(
        lanes, padded, keys, d, 0, 1, stride, k, from, padded, tile.dQueries, 0, padded);
    gradient(keys, lanes, d, tile.queries, dKeys, at, tile.keyRows, tile);
  }

  /**
   * {@code sum += weights·rows}.
   *
   * @param weights {@code [keys × stride]}
   * @param rows {@code [lanes × padded]}
   * @param at of the tile's first key in {@code sum}
   * @param aside where keys that do not lie together are summed up first
   */
  private void gradient(
      int keys,
      int lanes,
      float[] weights,
      float[] rows,
      float[] sum,
      int at,
      float[] aside,
      TreeTile tile) {
    int padded = shape.padded();
    boolean inPlace = tile.inPlace();
    if (!inPlace) {
      GemmKernel.clear(keys, padded, aside, 0, padded);
    }
    GemmKernel.product(
        keys,
        padded,
        lanes,
        weights,
        0,
        tile.stride,
        1,
        rows,
        0,
        padded,
        inPlace ? sum : aside,
        inPlace ? at : 0,
        padded);
    for (int key = 0; key < keys && !inPlace; key++) {
      int to = at + (tile.row(key) - tile.firstKey()) * padded;
      RowMath.add(aside, key * padded, sum, to, padded);
    }
  }

  /**
   * The numbers of a block by lane, {@code [lanes × padded]}, and as columns, {@code [dim ×
   * stride]}; lanes beyond the block are zero up to whole vectors.
   */
  private void gather(
      Block block,
      int head,
      float[] from,
      float factor,
      float[] rows,
      float[] columns,
      int stride) {
    int group = shape.group();
    int dim = shape.dim();
    int padded = shape.padded();
    int lanes = block.tokens() * group;
    for (int token = 0; token < block.tokens(); token++) {
      int at = (block.from() + token) * shape.querySize() + head * group * dim;
      for (int member = 0; member < group; member++) {
        int lane = token * group + member;
        RowMath.scale(from, at + member * dim, factor, rows, lane * padded, dim);
      }
    }
    Arrays.fill(rows, lanes * padded, width(lanes) * padded, 0f);
    for (int begin = 0; begin < lanes; begin += LANES) {
      for (int d = 0; d < dim; d++) {
        RowMath.column(rows, begin * padded + d, padded, columns, d * stride + begin);
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

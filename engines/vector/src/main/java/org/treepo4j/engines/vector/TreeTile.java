package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;

import java.util.Arrays;

/**
 * Scratch memory of one worker for attention in training: some keys against a block of queries.
 * Lanes are queries, by token and grouped head, {@code stride} of them at most.
 */
final class TreeTile {
  /** Keys at once; the tiles stay in the second-level cache. */
  static final int KEYS = 64;

  /** Lanes there is room for, whole vectors. */
  final int stride;

  /** {@code [KEYS × stride]}. */
  final float[] scores;

  final float[] dScores;

  /** Derivatives of capped scores by the scores; empty without a cap. */
  final float[] slopes;

  /** {@code [dim × stride]}. */
  final float[] queryColumns;

  final float[] dOutColumns;

  /** {@code [stride × padded]}. */
  final float[] queries;

  final float[] out;
  final float[] dOut;
  final float[] dQueries;

  /** {@code [stride]}. */
  final float[] greatest;

  final float[] sums;
  final float[] inverse;
  final float[] shrink;
  final float[] shift;

  /** Keys and values that do not lie together, {@code [KEYS × padded]}; also their gradients. */
  final float[] keyRows;

  final float[] valueRows;

  private final int padded;

  /** Rows that any token of a block sees, from the root down. */
  private int[] seen = new int[KEYS];

  private int first;
  private int keys;

  TreeTile(int lanes, HeadShape shape) {
    stride = (lanes + LANES - 1) / LANES * LANES;
    scores = new float[KEYS * stride];
    dScores = new float[KEYS * stride];
    slopes = new float[shape.cap() == 0 ? 0 : KEYS * stride];
    queryColumns = new float[shape.dim() * stride];
    dOutColumns = new float[shape.dim() * stride];
    queries = new float[stride * shape.padded()];
    out = new float[stride * shape.padded()];
    dOut = new float[stride * shape.padded()];
    dQueries = new float[stride * shape.padded()];
    greatest = new float[stride];
    sums = new float[stride];
    inverse = new float[stride];
    shrink = new float[stride];
    shift = new float[stride];
    padded = shape.padded();
    keyRows = new float[KEYS * padded];
    valueRows = new float[KEYS * padded];
  }

  /**
   * {@code shift = Σ out·dOut} of each lane, added up in the order of the product V·dOut: where one
   * key has all the weight, both are equal to the last bit and its score has no gradient. Another
   * order leaves rounding there, which large queries make large.
   */
  void shifts(int lanes, int dim) {
    int lane = 0;
    for (; lane + 4 <= lanes; lane += 4) { // four sums at once, each is a chain
      float a = 0;
      float b = 0;
      float c = 0;
      float d = 0;
      for (int i = lane * padded; i < lane * padded + dim; i++) {
        a = Math.fma(out[i], dOut[i], a);
        b = Math.fma(out[i + padded], dOut[i + padded], b);
        c = Math.fma(out[i + 2 * padded], dOut[i + 2 * padded], c);
        d = Math.fma(out[i + 3 * padded], dOut[i + 3 * padded], d);
      }
      shift[lane] = a;
      shift[lane + 1] = b;
      shift[lane + 2] = c;
      shift[lane + 3] = d;
    }
    for (; lane < lanes; lane++) {
      float sum = 0;
      for (int i = lane * padded; i < lane * padded + dim; i++) {
        sum = Math.fma(out[i], dOut[i], sum);
      }
      shift[lane] = sum;
    }
  }

  /** Lists the keys of a block; returns how many there are. */
  int list(TreeBlocks.Block block, TreeBlocks.Sight sight) {
    int[] ancestors = block.segment().ancestors();
    int count = 0;
    for (int i = 0; i < ancestors.length; i += 2) {
      count = list(sight.first(block.from(), ancestors[i]), ancestors[i + 1], count);
    }
    return list(sight.first(block.from(), block.segment().start()), block.to(), count);
  }

  private int list(int from, int to, int count) {
    int end = count + Math.max(0, to - from);
    if (end > seen.length) {
      seen = Arrays.copyOf(seen, 2 * end);
    }
    for (int i = count; i < end; i++) {
      seen[i] = from + i - count;
    }
    return end;
  }

  /** Takes some of the listed keys. */
  void take(int from, int count) {
    first = from;
    keys = count;
  }

  /** Keys taken. */
  int keys() {
    return keys;
  }

  /** Row of a key that was taken. */
  int row(int key) {
    return seen[first + key];
  }

  int firstKey() {
    return seen[first];
  }

  /** Whether the keys taken lie side by side. */
  boolean inPlace() {
    return row(keys - 1) - firstKey() == keys - 1;
  }

  /**
   * Brings the rows of the keys together, unless they are.
   *
   * @param at of the first key in {@code from}
   */
  void gather(float[] from, int at, float[] to) {
    if (!inPlace()) {
      for (int key = 0; key < keys; key++) {
        int place = at + (row(key) - firstKey()) * padded;
        System.arraycopy(from, place, to, key * padded, padded);
      }
    }
  }
}

package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;

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
  final float[] shrink;
  final float[] shift;

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
    shrink = new float[stride];
    shift = new float[stride];
  }
}

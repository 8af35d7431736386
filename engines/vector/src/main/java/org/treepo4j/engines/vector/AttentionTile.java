package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.HeadShape.PANEL;

/** Scratch memory of one worker for attention: some rows of queries against one panel of keys. */
final class AttentionTile {
  final float[] scores;
  final float[] dScores;

  /** Derivatives of capped scores by the scores; empty without a cap. */
  final float[] slopes;

  final float[] queries;
  final float[] out;
  final float[] dQueries;
  final float[] greatest;
  final float[] sums;
  final float[] shift;

  AttentionTile(int rows, HeadShape shape) {
    int padded = shape.padded();
    scores = new float[rows * PANEL];
    dScores = new float[rows * PANEL];
    slopes = new float[shape.cap() == 0 ? 0 : rows * PANEL];
    queries = new float[rows * padded];
    out = new float[rows * padded];
    dQueries = new float[rows * padded];
    greatest = new float[rows];
    sums = new float[rows * LANES];
    shift = new float[rows];
  }
}

package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.HeadShape.PANEL;

/**
 * Scratch memory of one worker for a decoder's attention: some rows of queries against one panel of
 * keys.
 */
final class AttentionTile {
  final float[] scores;
  final float[] queries;
  final float[] out;
  final float[] greatest;
  final float[] sums;

  AttentionTile(int rows, HeadShape shape) {
    int padded = shape.padded();
    scores = new float[rows * PANEL];
    queries = new float[rows * padded];
    out = new float[rows * padded];
    greatest = new float[rows];
    sums = new float[rows * LANES];
  }
}

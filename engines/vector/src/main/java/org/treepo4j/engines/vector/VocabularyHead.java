package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.model.engine.RowTargets;

/**
 * Log-probabilities and entropies from hidden states, without ever holding logits of more than a
 * chunk of tokens by a chunk of the vocabulary: greatest logit, {@code Σ exp} and {@code Σ
 * exp·logit} of every token are carried from chunk to chunk. The backward pass computes the logits
 * once more.
 *
 * <p>With {@code z = logit / temperature}, {@code L = ln Σ exp z} and {@code p = exp(z − L)}:
 * {@code logprob(v) = z_v − L}, {@code H = L − Σ p·z}, {@code ∂logprob(t)/∂z_v = [v = t] − p_v},
 * {@code ∂H/∂z_v = −p_v·(z_v − L + H)}.
 */
final class VocabularyHead {
  /** Tokens per chunk: each packs its part of the weights, so the more the better. */
  private static final int ROWS = 1024;

  /** Vocabulary entries per chunk. */
  private static final int COLUMNS = 2048;

  private final WorkerPool pool;
  private final Gemm gemm;
  private final int width;
  private final int vocabulary;
  private final LogitShape shape;
  private float[] logits = new float[0];

  /** Derivatives of logits by what they are made of, where they are not the products themselves. */
  private float[] slopes = new float[0];

  private float[] compactHidden = new float[0];
  private float[] compactGradient = new float[0];
  private int[] active = new int[0];

  VocabularyHead(WorkerPool pool, Gemm gemm, int width, int vocabulary, LogitShape shape) {
    this.pool = pool;
    this.gemm = gemm;
    this.width = width;
    this.vocabulary = vocabulary;
    this.shape = shape;
  }

  /**
   * @param hidden {@code [rows × width]}
   * @param weights {@code [vocabulary × width]}
   * @param targets which tokens follow each row
   * @param out receives the results
   */
  void forward(
      int rows,
      float[] hidden,
      float[] weights,
      RowTargets targets,
      float temperature,
      Scores out) {
    out.reset(rows);
    float inverse = 1 / temperature;
    for (int first = 0; first < rows; first += ROWS) {
      int from = first;
      int count = Math.min(ROWS, rows - from);
      for (int start = 0; start < vocabulary; start += COLUMNS) {
        int column = start;
        int columns = Math.min(COLUMNS, vocabulary - column);
        chunk(from, count, hidden, column, columns, weights);
        pool.run(
            count,
            (i, worker) -> {
              int row = from + i;
              if (!shape.plain()) {
                shape.forward(logits, i * columns, columns);
              }
              out.accumulate(row, logits, i * columns, columns, inverse);
              for (int t = targets.from(row); t < targets.to(row); t++) {
                int token = targets.token(t);
                if (token >= column && token < column + columns) {
                  out.target(targets.row(t), logits[i * columns + token - column]);
                }
              }
            });
      }
    }
    out.finish(rows, targets, inverse);
  }

  /**
   * Adds the gradients of {@code Σ dLogprob·logprob + dEntropy·entropy}.
   *
   * @param dLogprob by row of the token that is predicted
   * @param dEntropy by row that predicts
   * @param dHidden overwritten, {@code [rows × width]}
   * @param dWeights added to, or null when not wanted
   */
  void backward(
      int rows,
      float[] hidden,
      float[] weights,
      RowTargets targets,
      float temperature,
      Scores scores,
      float[] dLogprob,
      float[] dEntropy,
      float[] dHidden,
      float[] dWeights) {
    int actives = findActive(rows, targets, dLogprob, dEntropy);
    Arrays.fill(dHidden, 0, rows * width, 0f);
    compactHidden = FloatArrays.atLeast(compactHidden, Math.min(ROWS, actives) * width);
    compactGradient = FloatArrays.atLeast(compactGradient, Math.min(ROWS, actives) * width);
    float inverse = 1 / temperature;
    for (int first = 0; first < actives; first += ROWS) {
      int from = first;
      int count = Math.min(ROWS, actives - from);
      for (int i = 0; i < count; i++) {
        System.arraycopy(hidden, active[from + i] * width, compactHidden, i * width, width);
      }
      for (int start = 0; start < vocabulary; start += COLUMNS) {
        int column = start;
        int columns = Math.min(COLUMNS, vocabulary - column);
        chunk(0, count, compactHidden, column, columns, weights);
        slopes = FloatArrays.atLeast(slopes, shape.plain() ? 0 : count * columns);
        pool.run(
            count,
            (i, worker) -> {
              int row = active[from + i];
              if (!shape.plain()) {
                shape.forward(logits, i * columns, columns, slopes);
              }
              float sum = targets.sum(row, dLogprob);
              scores.derive(row, logits, i * columns, columns, inverse, sum, dEntropy[row]);
              for (int t = targets.from(row); t < targets.to(row); t++) {
                int at = targets.token(t) - column;
                if (at >= 0 && at < columns) {
                  logits[i * columns + at] += dLogprob[targets.row(t)] * inverse;
                }
              }
              if (!shape.plain()) {
                RowMath.multiply(slopes, i * columns, logits, i * columns, columns);
              }
            });
        Matrix dLogits = Matrix.of(logits, columns);
        Matrix slice = Matrix.of(weights, width).from(column);
        gemm.nn(
            count, width, columns, dLogits, slice, Matrix.of(compactGradient, width), column > 0);
        if (dWeights != null) {
          Matrix dSlice = Matrix.of(dWeights, width).from(column);
          gemm.tn(columns, width, count, dLogits, Matrix.of(compactHidden, width), dSlice, true);
        }
      }
      for (int i = 0; i < count; i++) {
        System.arraycopy(compactGradient, i * width, dHidden, active[from + i] * width, width);
      }
    }
  }

  private void chunk(
      int from, int count, float[] hidden, int column, int columns, float[] weights) {
    logits = FloatArrays.atLeast(logits, count * columns);
    gemm.nt(
        count,
        columns,
        width,
        Matrix.of(hidden, width).from(from),
        Matrix.of(weights, width).from(column),
        Matrix.of(logits, columns),
        false);
  }

  private int findActive(int rows, RowTargets targets, float[] dLogprob, float[] dEntropy) {
    if (active.length < rows) {
      active = new int[rows];
    }
    int count = 0;
    for (int row = 0; row < rows; row++) {
      if (targets.isUsed(row, dLogprob, dEntropy)) {
        active[count++] = row;
      }
    }
    return count;
  }
}

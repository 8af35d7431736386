package org.treepo4j.engines.vector;

/**
 * How strongly each value head writes and how fast it forgets: {@code β = sigmoid(b)} and {@code g
 * = −exp(A)·softplus(a + bias)}, for each row. All arrays of rows are {@code [rows × heads]}.
 */
final class DeltaGates {
  private static final int ROWS_PER_TASK = 64;

  private final WorkerPool pool;
  private final int heads;

  /**
   * Strengths and log-decays, or their gradients.
   *
   * @param beta strengths
   * @param logDecay logarithms of decays
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Values(int heads, float[] beta, float[] logDecay) {

    float beta(int row, int head) {
      return beta[row * heads + head];
    }

    float logDecay(int row, int head) {
      return logDecay[row * heads + head];
    }

    void beta(int row, int head, float value) {
      beta[row * heads + head] = value;
    }

    void logDecay(int row, int head, float value) {
      logDecay[row * heads + head] = value;
    }
  }

  DeltaGates(WorkerPool pool, int heads) {
    this.pool = pool;
    this.heads = heads;
  }

  /** Memory for the values of some rows; the same when it is large enough. */
  Values atLeast(Values values, int rows) {
    if (values != null && values.beta().length >= rows * heads) {
      return values;
    }
    return new Values(heads, new float[rows * heads], new float[rows * heads]);
  }

  /**
   * @param b strengths before the sigmoid
   * @param a decays before bias and softplus
   * @param bias {@code [heads]}
   * @param logFactor A, {@code [heads]}
   */
  void forward(int rows, float[] b, float[] a, float[] bias, float[] logFactor, Values values) {
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> row(b, row * heads, a, row * heads, bias, logFactor, values, row));
  }

  /** One row, on the calling thread. */
  void row(
      float[] b, int b0, float[] a, int a0, float[] bias, float[] logFactor, Values to, int row) {
    for (int head = 0; head < heads; head++) {
      to.beta(row, head, (float) sigmoid(b[b0 + head]));
      double step = softplus((double) a[a0 + head] + bias[head]);
      to.logDecay(row, head, (float) (-Math.exp(logFactor[head]) * step));
    }
  }

  /**
   * Overwrites the gradients of strengths and log-decays with those of {@code b} and {@code a}.
   *
   * @param dBias receives the gradient of the bias, or null
   * @param dLogFactor receives that of A, or null
   */
  void backward(
      int rows,
      float[] a,
      float[] bias,
      float[] logFactor,
      Values values,
      Values gradients,
      float[] dBias,
      float[] dLogFactor) {
    for (int head = 0; head < heads; head++) {
      double factor = Math.exp(logFactor[head]);
      double biasSum = 0;
      double factorSum = 0;
      for (int row = 0; row < rows; row++) {
        float beta = values.beta(row, head);
        gradients.beta(row, head, gradients.beta(row, head) * beta * (1 - beta));
        double dg = gradients.logDecay(row, head);
        double da = -factor * sigmoid((double) a[row * heads + head] + bias[head]) * dg;
        factorSum += dg * values.logDecay(row, head);
        biasSum += da;
        gradients.logDecay(row, head, (float) da);
      }
      if (dBias != null) {
        dBias[head] += (float) biasSum;
      }
      if (dLogFactor != null) {
        dLogFactor[head] += (float) factorSum;
      }
    }
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }
}

package org.treepo4j.engines.cuda;

/** Attention over trees in float64 loops, with its gradients. */
final class PlainAttention {
  private final AttentionShape shape;
  private final Trees trees;
  private final int window;

  final double[] out;

  /** Greatest scores and inverse sums of exponentials, {@code [rows × heads × 2]}. */
  final double[] normalizers;

  final double[] dq;
  final double[] dk;
  final double[] dv;

  PlainAttention(AttentionShape shape, Trees trees, int window) {
    this.shape = shape;
    this.trees = trees;
    this.window = window;
    out = new double[trees.rows() * shape.querySize()];
    normalizers = new double[2 * trees.rows() * shape.heads()];
    dq = new double[out.length];
    dk = new double[trees.rows() * shape.kvSize()];
    dv = new double[dk.length];
  }

  /**
   * @param dOut gradient of the output
   */
  void run(double[] q, double[] k, double[] v, double[] dOut) {
    for (int row = 0; row < trees.rows(); row++) {
      for (int head = 0; head < shape.heads(); head++) {
        run(row, head, q, k, v, dOut);
      }
    }
  }

  private void run(int row, int head, double[] q, double[] k, double[] v, double[] dOut) {
    int dim = shape.dim();
    int at = (row * shape.heads() + head) * dim;
    double[] weights = new double[row + 1];
    double[] slopes = new double[row + 1];
    double greatest = Double.NEGATIVE_INFINITY;
    for (int key = 0; key <= row; key++) {
      weights[key] = Double.NEGATIVE_INFINITY;
      if (trees.sees(row, key, window)) {
        double score = shape.scale() * dot(q, at, k, kvAt(key, head));
        double tanh = shape.cap() == 0 ? 0 : Math.tanh(score / shape.cap());
        slopes[key] = 1 - tanh * tanh;
        weights[key] = shape.cap() == 0 ? score : shape.cap() * tanh;
        greatest = Math.max(greatest, weights[key]);
      }
    }
    double sum = 0;
    for (int key = 0; key <= row; key++) {
      weights[key] = Math.exp(weights[key] - greatest);
      sum += weights[key];
    }
    normalizers[2 * (row * shape.heads() + head)] = greatest;
    normalizers[2 * (row * shape.heads() + head) + 1] = 1 / sum;
    double delta = 0;
    for (int key = 0; key <= row; key++) {
      weights[key] /= sum;
      for (int d = 0; d < dim; d++) {
        out[at + d] += weights[key] * v[kvAt(key, head) + d];
      }
      delta += weights[key] * dot(dOut, at, v, kvAt(key, head));
    }
    for (int key = 0; key <= row; key++) {
      int kv = kvAt(key, head);
      double dScore = weights[key] * (dot(dOut, at, v, kv) - delta) * slopes[key] * shape.scale();
      for (int d = 0; d < dim; d++) {
        dq[at + d] += dScore * k[kv + d];
        dk[kv + d] += dScore * q[at + d];
        dv[kv + d] += weights[key] * dOut[at + d];
      }
    }
  }

  private int kvAt(int row, int head) {
    return (row * shape.kvHeads() + head / shape.group()) * shape.dim();
  }

  private double dot(double[] a, int i, double[] b, int j) {
    double sum = 0;
    for (int d = 0; d < shape.dim(); d++) {
      sum += a[i + d] * b[j + d];
    }
    return sum;
  }
}

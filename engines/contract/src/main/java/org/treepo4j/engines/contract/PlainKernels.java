package org.treepo4j.engines.contract;

/** Tensor operations of one row in plain float64 loops: what the kernels are compared with. */
public final class PlainKernels {
  private PlainKernels() {}

  /** Root-mean-square normalisation of a row. */
  public static double[] norm(double[] x, double[] weight, double eps) {
    double square = 0;
    for (double value : x) {
      square += value * value;
    }
    double inverse = 1 / Math.sqrt(square / x.length + eps);
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = x[i] * inverse * weight[i];
    }
    return y;
  }

  /** Rotary embedding of all heads of a row, in place; a head has two elements per frequency. */
  public static void turn(double[] x, int position, double[] frequencies) {
    int half = frequencies.length;
    for (int at = 0; at < x.length; at += 2 * half) {
      for (int i = 0; i < half; i++) {
        double angle = position * frequencies[i];
        double first = x[at + i];
        double second = x[at + i + half];
        x[at + i] = first * Math.cos(angle) - second * Math.sin(angle);
        x[at + i + half] = second * Math.cos(angle) + first * Math.sin(angle);
      }
    }
  }

  /** {@code silu(gate)·up}. */
  public static double swiGlu(double gate, double up) {
    return gate / (1 + Math.exp(-gate)) * up;
  }

  /** {@code gelu(gate)·up} with the tanh form of GELU. */
  public static double geGlu(double gate, double up) {
    double inner = Math.sqrt(2 / Math.PI) * (gate + 0.044715 * gate * gate * gate);
    return gate / 2 * (1 + Math.tanh(inner)) * up;
  }

  /** {@code cap·tanh(x/cap)}; {@code x} itself for a cap of 0. */
  public static double softCap(double x, double cap) {
    return cap == 0 ? x : cap * Math.tanh(x / cap);
  }

  /**
   * Attention of one row.
   *
   * @param seen rows of the keys and values that it sees
   * @param q its queries, {@code [heads × dim]}
   * @param k keys of all rows, {@code [rows][kvHeads × dim]}
   * @param v values of all rows, {@code [rows][kvHeads × dim]}
   */
  public static double[] attend(
      int[] seen, int heads, int group, double[] q, double[][] k, double[][] v) {
    return attend(seen, heads, group, 1 / Math.sqrt(q.length / heads), 0, q, k, v);
  }

  /**
   * The same.
   *
   * @param scale of scores
   * @param cap soft cap on scores, 0 for none
   */
  public static double[] attend(
      int[] seen,
      int heads,
      int group,
      double scale,
      double cap,
      double[] q,
      double[][] k,
      double[][] v) {
    int dim = q.length / heads;
    double[] out = new double[q.length];
    for (int head = 0; head < heads; head++) {
      int from = head / group * dim;
      double[] scores = new double[seen.length];
      for (int p = 0; p < seen.length; p++) {
        for (int d = 0; d < dim; d++) {
          scores[p] += q[head * dim + d] * k[seen[p]][from + d] * scale;
        }
        scores[p] = softCap(scores[p], cap);
      }
      double[] logp = logSoftmax(scores, 1);
      for (int p = 0; p < seen.length; p++) {
        double weight = Math.exp(logp[p]);
        for (int d = 0; d < dim; d++) {
          out[head * dim + d] += weight * v[seen[p]][from + d];
        }
      }
    }
    return out;
  }

  /** {@code W·x + bias} with W {@code [out × in]}; the bias may be null. */
  public static double[] multiply(double[] weight, double[] bias, double[] x) {
    double[] y = new double[weight.length / x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = bias == null ? 0 : bias[i];
      for (int j = 0; j < x.length; j++) {
        y[i] += weight[i * x.length + j] * x[j];
      }
    }
    return y;
  }

  public static double[] logSoftmax(double[] logits, double temperature) {
    double most = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      most = Math.max(most, logit / temperature);
    }
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit / temperature - most);
    }
    double log = Math.log(sum);
    double[] logp = new double[logits.length];
    for (int v = 0; v < logp.length; v++) {
      logp[v] = logits[v] / temperature - most - log;
    }
    return logp;
  }

  public static double entropy(double[] logp) {
    double entropy = 0;
    for (double value : logp) {
      entropy -= Math.exp(value) * value;
    }
    return entropy;
  }

  public static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /** The rows of a matrix. */
  public static double[][] rows(double[] matrix, int width) {
    double[][] rows = new double[matrix.length / width][width];
    for (int row = 0; row < rows.length; row++) {
      System.arraycopy(matrix, row * width, rows[row], 0, width);
    }
    return rows;
  }

  /** The sum of the products with all elements of the rows. */
  public static double dot(float[] a, double[][] rows) {
    double sum = 0;
    int i = 0;
    for (double[] row : rows) {
      for (double value : row) {
        sum += a[i++] * value;
      }
    }
    return sum;
  }
}

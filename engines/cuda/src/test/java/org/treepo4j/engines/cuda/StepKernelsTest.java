package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.engines.cuda.KernelCases.Case;
import org.treepo4j.engines.cuda.StepKernels.Angles;
import org.treepo4j.engines.cuda.StepKernels.Cached;
import org.treepo4j.engines.cuda.StepKernels.Norm;
import org.treepo4j.engines.cuda.StepKernels.Projection;

@ExtendWith(TestDevice.class)
class StepKernelsTest {
  private static final float EPS = 1e-3f;

  /** Results are bf16, and so is what is multiplied. */
  private static final double ROUNDING = 2 * Numbers.BF16_ROUNDING;

  private final Device device = TestDevice.shared();
  private final StepKernels step = new StepKernels(device);

  /** Rows of the residual stream and the norm before a layer. */
  private record Rows(int count, int width, double[] x, double[] weight, float plus) {
    static Rows random(Numbers numbers, int most) {
      int width = numbers.between(0, 1) == 0 ? 8 * numbers.between(1, 90) : numbers.between(1, 300);
      int count = numbers.between(1, most);
      return new Rows(
          count,
          width,
          numbers.normal(F32, count * width),
          numbers.normal(F32, width),
          numbers.between(0, 1));
    }

    Norm norm(Numbers numbers) {
      return new Norm(numbers.put(F32, weight), plus, EPS);
    }

    /** {@code norm(x)·wᵀ}. */
    double[] times(double[] w) {
      int n = w.length / width;
      double[] y = new double[count * n];
      for (int row = 0; row < count; row++) {
        double[] normed = normed(x, row * width, width, weight, plus);
        for (int i = 0; i < n; i++) {
          for (int j = 0; j < width; j++) {
            y[row * n + i] += normed[j] * w[i * width + j];
          }
        }
      }
      return y;
    }
  }

  private static double[] normed(double[] x, int at, int width, double[] weight, float plus) {
    double squares = 0;
    for (int i = 0; i < width; i++) {
      squares += x[at + i] * x[at + i];
    }
    double[] normed = new double[width];
    for (int i = 0; i < width; i++) {
      normed[i] = x[at + i] / Math.sqrt(squares / width + EPS) * (plus + weight[i]);
    }
    return normed;
  }

  @KernelCases
  void projectionsEqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      Rows rows = Rows.random(numbers, numbers.between(0, 1) == 0 ? 40 : 150);
      DeviceArray x = numbers.put(F32, rows.x);
      int count = numbers.between(1, StepKernels.MOST_PROJECTIONS);
      Projection[] projections = new Projection[count];
      double[][] expected = new double[count][];
      for (int i = 0; i < count; i++) {
        int n = numbers.between(1, 100);
        double[] w = numbers.normal(BF16, n * rows.width);
        double[] bias = numbers.between(0, 1) == 0 ? null : numbers.normal(F32, n);
        expected[i] = rows.times(w);
        for (int j = 0; bias != null && j < expected[i].length; j++) {
          expected[i][j] += bias[j % n];
        }
        projections[i] =
            new Projection(
                n,
                numbers.put(BF16, w),
                bias == null ? null : numbers.put(F32, bias),
                numbers.poison(BF16, (long) rows.count * n));
      }
      step.project(rows.count, rows.width, x, rows.norm(numbers), List.of(projections));
      for (int i = 0; i < count; i++) {
        numbers.assertClose("projection " + i, projections[i].y(), expected[i], ROUNDING);
      }
    }
  }

  @KernelCases
  void gatedActivationsEqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      Rows rows = Rows.random(numbers, numbers.between(0, 1) == 0 ? 40 : 150);
      int n = numbers.between(1, 100);
      double[] gate = numbers.normal(BF16, n * rows.width);
      double[] up = numbers.normal(BF16, n * rows.width);
      double[] gates = rows.times(gate);
      double[] ups = rows.times(up);
      for (Activation f : new Activation[] {Activation.SILU, Activation.GELU_TANH}) {
        double[] expected = new double[gates.length];
        for (int i = 0; i < expected.length; i++) {
          double g = gates[i];
          double v =
              f == Activation.SILU ? g : 2 * Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g);
          expected[i] = g / (1 + Math.exp(-v)) * ups[i];
        }
        DeviceArray y = numbers.poison(BF16, expected.length);
        step.gated(
            f,
            rows.count,
            n,
            rows.width,
            numbers.put(F32, rows.x),
            rows.norm(numbers),
            numbers.put(BF16, gate),
            numbers.put(BF16, up),
            y);
        // Two products are multiplied: errors of both.
        numbers.assertClose(f.name(), y, expected, 2 * ROUNDING);
      }
    }
  }

  /** Few rows are computed otherwise than many, to the same bits. */
  @KernelCases
  void bitsOfARowDoNotDependOnTheOthers(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int count = numbers.between(33, 150);
      int width = 8 * numbers.between(1, 90);
      int n = numbers.between(1, 100);
      double[] rows = numbers.normal(F32, count * width);
      DeviceArray x = numbers.put(F32, rows);
      Norm norm = new Norm(numbers.put(F32, numbers.normal(F32, width)), 0, EPS);
      DeviceArray w = numbers.put(BF16, numbers.normal(BF16, n * width));
      DeviceArray bias = numbers.put(F32, numbers.normal(F32, n));
      DeviceArray gated = numbers.poison(BF16, count * n);
      DeviceArray projected = numbers.poison(BF16, count * n);
      step.gated(Activation.SILU, count, n, width, x, norm, w, w, gated);
      step.project(count, width, x, norm, List.of(new Projection(n, w, bias, projected)));
      for (int row = 0; row < count; row += numbers.between(1, 20)) {
        DeviceArray own = x.from((long) row * width);
        DeviceArray y = numbers.poison(BF16, n);
        step.gated(Activation.SILU, 1, n, width, own, norm, w, w, y);
        assertThat(numbers.get(y)).isEqualTo(numbers.get(gated.part((long) row * n, n)));
        step.project(1, width, own, norm, List.of(new Projection(n, w, bias, y)));
        assertThat(numbers.get(y)).isEqualTo(numbers.get(projected.part((long) row * n, n)));
      }
    }
  }

  @KernelCases
  void headsAreNormedTurnedAndCached(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int kvHeads = numbers.between(1, 3);
      int dim = 2 * numbers.between(1, 70);
      AttentionShape shape =
          new AttentionShape(kvHeads * numbers.between(1, 4), kvHeads, dim, 1, 0);
      int half = numbers.between(0, dim / 2);
      int rows = numbers.between(1, 5);
      int slots = rows + 7;
      boolean norms = numbers.between(0, 1) == 0;
      float plus = numbers.between(0, 1);
      double[] queryNorm = numbers.normal(F32, dim);
      double[] keyNorm = numbers.normal(F32, dim);
      double[] cosines = numbers.normal(F32, 9 * half);
      double[] sines = numbers.normal(F32, 9 * half);
      double[] growth = numbers.between(0, 1) == 0 ? null : numbers.normal(F32, rows);
      double[] q = numbers.normal(BF16, rows * shape.querySize());
      double[] k = numbers.normal(BF16, rows * shape.kvSize());
      double[] v = numbers.normal(BF16, rows * shape.kvSize());
      double[] keys = numbers.normal(BF16, slots * shape.kvSize());
      double[] values = numbers.normal(BF16, slots * shape.kvSize());
      int[] positions = new int[rows];
      int[] slot = new int[rows];
      for (int row = 0; row < rows; row++) {
        positions[row] = numbers.between(0, 8);
        slot[row] = 2 + (row + 3) % rows; // others keep what they hold
      }
      DeviceArray onQ = numbers.put(BF16, q);
      DeviceArray onKeys = numbers.put(BF16, keys);
      DeviceArray onValues = numbers.put(BF16, values);
      step.place(
          shape,
          rows,
          norms ? new Norm(numbers.put(F32, queryNorm), plus, EPS) : null,
          norms ? new Norm(numbers.put(F32, keyNorm), plus, EPS) : null,
          numbers.put(positions),
          half == 0
              ? Angles.NONE
              : new Angles(half, numbers.put(F32, cosines), numbers.put(F32, sines)),
          growth == null ? null : numbers.put(F32, growth),
          new Cached(numbers.put(slot), onKeys, onValues),
          onQ,
          numbers.put(BF16, k),
          numbers.put(BF16, v));
      for (int row = 0; row < rows; row++) {
        for (int head = 0; head < shape.heads(); head++) {
          int at = row * shape.querySize() + head * dim;
          double[] turned =
              norms ? normed(q, at, dim, queryNorm, plus) : Arrays.copyOfRange(q, at, at + dim);
          turn(turned, half, positions[row], cosines, sines);
          for (int i = 0; i < dim; i++) {
            q[at + i] = turned[i] * (growth == null ? 1 : growth[row]);
          }
        }
        for (int head = 0; head < kvHeads; head++) {
          int at = row * shape.kvSize() + head * dim;
          double[] turned =
              norms ? normed(k, at, dim, keyNorm, plus) : Arrays.copyOfRange(k, at, at + dim);
          turn(turned, half, positions[row], cosines, sines);
          int to = slot[row] * shape.kvSize() + head * dim;
          System.arraycopy(turned, 0, keys, to, dim);
          System.arraycopy(v, at, values, to, dim);
        }
      }
      numbers.assertClose("queries", onQ, q);
      numbers.assertClose("keys", onKeys, keys);
      numbers.assertClose("values", onValues, values, 0);
    }
  }

  private static void turn(
      double[] head, int half, int position, double[] cosines, double[] sines) {
    for (int i = 0; i < half; i++) {
      double first = head[i];
      double second = head[half + i];
      double c = cosines[position * half + i];
      double s = sines[position * half + i];
      head[i] = first * c - second * s;
      head[half + i] = second * c + first * s;
    }
  }
}

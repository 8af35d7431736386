package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.KernelCases.Case;

@ExtendWith(TestDevice.class)
class RowKernelsTest {
  private static final float EPS = 1e-5f;
  private static final Type[] TYPES = {F32, BF16};

  private final Device device = TestDevice.shared();
  private final RowKernels kernels = new RowKernels(device);

  @KernelCases
  void tokensAreEmbeddedAndTheirGradientsSummedUp(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int rows = numbers.between(1, 40);
      int width = numbers.between(1, 300);
      int vocabulary = numbers.between(1, 20);
      int[] tokens = new int[rows];
      for (int row = 0; row < rows; row++) {
        tokens[row] = numbers.between(0, vocabulary - 1);
      }
      float scale = 1.5f;
      for (Type type : TYPES) {
        double[] table = numbers.normal(type, vocabulary * width);
        double[] dy = numbers.normal(type, rows * width);
        double[] before = numbers.normal(F32, vocabulary * width);
        double[] y = new double[rows * width];
        double[] dTable = before.clone();
        for (int i = 0; i < rows * width; i++) {
          int at = tokens[i / width] * width + i % width;
          y[i] = scale * table[at];
          dTable[at] += scale * dy[i];
        }
        DeviceArray out = numbers.poison(F32, rows * width);
        kernels.embed(rows, width, numbers.put(tokens), numbers.put(type, table), scale, out);
        numbers.assertClose("y", out, y);
        TokenRows lists = TokenRows.of(tokens);
        DeviceArray gradient = numbers.put(F32, before);
        kernels.embedBackward(
            lists.distinct(),
            width,
            numbers.put(lists.ids()),
            numbers.put(lists.starts()),
            numbers.put(lists.rows()),
            scale,
            numbers.put(type, dy),
            gradient);
        numbers.assertClose("dTable", gradient, dTable);
      }
    }
  }

  @KernelCases
  void normsEqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      norms(numbers, numbers.between(1, 20), numbers.between(1, 200), F32, F32);
      norms(numbers, numbers.between(1, 5), numbers.between(500, 1200), F32, BF16);
      norms(numbers, numbers.between(1, 20), numbers.between(1, 200), BF16, BF16);
    }
  }

  private void norms(Numbers numbers, int rows, int width, Type xType, Type yType) {
    float plus = numbers.between(0, 1);
    double[] x = numbers.normal(xType, rows * width);
    double[] w = numbers.normal(F32, width);
    double[] dy = numbers.normal(yType, rows * width);
    double[] dxBefore = numbers.normal(xType, rows * width);
    double[] dwBefore = numbers.normal(F32, width);
    double[] y = new double[rows * width];
    double[] dx = new double[rows * width];
    double[] dw = dwBefore.clone();
    double[] inverse = new double[rows];
    for (int row = 0; row < rows; row++) {
      double square = 0;
      double pull = 0;
      for (int i = 0; i < width; i++) {
        int at = row * width + i;
        square += x[at] * x[at];
        pull += dy[at] * (plus + w[i]) * x[at];
      }
      double inv = 1 / Math.sqrt(square / width + EPS);
      inverse[row] = inv;
      for (int i = 0; i < width; i++) {
        int at = row * width + i;
        y[at] = x[at] * inv * (plus + w[i]);
        dx[at] = dy[at] * (plus + w[i]) * inv - x[at] * pull * inv * inv * inv / width;
        dw[i] += dy[at] * x[at] * inv;
      }
    }
    DeviceArray xs = numbers.put(xType, x);
    DeviceArray ws = numbers.put(F32, w);
    DeviceArray dys = numbers.put(yType, dy);
    DeviceArray out = numbers.poison(yType, rows * width);
    DeviceArray inverses = numbers.poison(F32, rows);
    kernels.norm(rows, width, xs, ws, plus, EPS, out, inverses);
    numbers.assertClose("y", out, y);
    numbers.assertClose("inverse", inverses, inverse);
    DeviceArray gradient = numbers.poison(xType, rows * width);
    kernels.normBackward(rows, width, xs, ws, plus, inverses, dys, gradient, false);
    numbers.assertClose("dx", gradient, dx);
    DeviceArray added = numbers.put(xType, dxBefore);
    kernels.normBackward(rows, width, xs, ws, plus, inverses, dys, added, true);
    for (int i = 0; i < dx.length; i++) {
      dx[i] += dxBefore[i];
    }
    numbers.assertClose("dx added", added, dx);
    DeviceArray weight = numbers.put(F32, dwBefore);
    kernels.normWeightBackward(rows, width, xs, inverses, dys, weight);
    numbers.assertClose("dw", weight, dw);
    if (xType == yType) {
      kernels.norm(rows, width, xs, ws, plus, EPS, xs, null);
      numbers.assertClose("y in place", xs, y);
    }
  }

  @KernelCases
  void headsAreTurnedByTheirPositionAndBack(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int rows = numbers.between(1, 9);
      int heads = numbers.between(1, 5);
      int half = numbers.between(1, 20);
      int dim = 2 * half + numbers.between(0, 5);
      int[] positions = new int[rows];
      for (int row = 0; row < rows; row++) {
        positions[row] = numbers.between(0, 6);
      }
      double[] angles = numbers.normal(F32, 7 * half);
      double[] cosines = map(angles, a -> (float) Math.cos(a));
      double[] sines = map(angles, a -> (float) Math.sin(a));
      for (Type type : TYPES) {
        for (boolean back : new boolean[] {false, true}) {
          double[] x = numbers.normal(type, rows * heads * dim);
          double[] y = x.clone();
          for (int i = 0; i < rows * heads * half; i++) {
            int row = i / half / heads;
            int at = i / half * dim + i % half;
            double c = cosines[positions[row] * half + i % half];
            double s = sines[positions[row] * half + i % half] * (back ? -1 : 1);
            y[at] = x[at] * c - x[at + half] * s;
            y[at + half] = x[at + half] * c + x[at] * s;
          }
          DeviceArray turned = numbers.put(type, x);
          kernels.rotate(
              rows,
              heads,
              dim,
              half,
              numbers.put(positions),
              numbers.put(F32, cosines),
              numbers.put(F32, sines),
              turned,
              back);
          numbers.assertClose("turned", turned, y);
        }
      }
    }
  }

  private static double[] map(double[] x, DoubleUnaryOperator f) {
    return java.util.Arrays.stream(x).map(f).toArray();
  }

  @KernelCases
  void gatedActivationsEqualTheirFormulasAndSlopes(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int n = numbers.between(1, 2500);
      for (Type type : TYPES) {
        for (Activation activation : Activation.values()) {
          DoubleUnaryOperator f = g -> value(activation, g);
          double[] gate = numbers.normal(type, n);
          double[] up = numbers.normal(type, n);
          double[] dy = numbers.normal(type, n);
          double[] y = new double[n];
          double[] dGate = new double[n];
          double[] dUp = new double[n];
          for (int i = 0; i < n; i++) {
            double g = 4 * gate[i];
            gate[i] = g;
            y[i] = f.applyAsDouble(g) * up[i];
            dUp[i] = f.applyAsDouble(g) * dy[i];
            double slope = (f.applyAsDouble(g + 1e-5) - f.applyAsDouble(g - 1e-5)) / 2e-5;
            dGate[i] = slope * up[i] * dy[i];
          }
          DeviceArray gates = numbers.put(type, gate);
          DeviceArray ups = numbers.put(type, up);
          DeviceArray out = numbers.poison(type, n);
          kernels.activate(activation, n, gates, ups, out);
          numbers.assertClose("y", out, y);
          DeviceArray dOut = numbers.put(type, dy);
          kernels.activateBackward(activation, n, gates, ups, dOut, dOut);
          numbers.assertClose("y again", dOut, y);
          numbers.assertClose("dGate", gates, dGate);
          numbers.assertClose("dUp", ups, dUp);
        }
      }
    }
  }

  private static double value(Activation activation, double g) {
    return switch (activation) {
      case SILU -> g / (1 + Math.exp(-g));
      case GELU_TANH ->
          g / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g)));
    };
  }

  @KernelCases
  void biasesAreAddedAndTheirGradientsSummedUp(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int rows = numbers.between(1, 50);
      int width = numbers.between(1, 100);
      for (Type type : TYPES) {
        double[] y = numbers.normal(type, rows * width);
        double[] bias = numbers.normal(F32, width);
        double[] factors = numbers.normal(F32, rows);
        double[] sum = new double[rows * width];
        double[] scaled = new double[rows * width];
        double[] dBias = bias.clone();
        for (int i = 0; i < y.length; i++) {
          sum[i] = y[i] + bias[i % width];
          dBias[i % width] += y[i];
          scaled[i] = y[i] * factors[i / width];
        }
        DeviceArray gradient = numbers.put(F32, bias);
        kernels.biasBackward(rows, width, numbers.put(type, y), gradient);
        numbers.assertClose("dBias", gradient, dBias);
        DeviceArray out = numbers.put(type, y);
        kernels.addBias(rows, width, numbers.put(F32, bias), out);
        numbers.assertClose("y + bias", out, sum);
        DeviceArray rowsScaled = numbers.put(type, y);
        kernels.scaleRows(rows, width, numbers.put(F32, factors), rowsScaled);
        numbers.assertClose("scaled rows", rowsScaled, scaled);
      }
    }
  }

  @KernelCases
  void rowsAreCombinedGatheredAndScattered(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int rows = numbers.between(1, 12);
      int width = numbers.between(1, 300);
      int n = rows * width;
      int[] index = new int[rows];
      for (int i = 0; i < rows; i++) {
        index[i] = rows - 1 - i;
      }
      for (Type xType : TYPES) {
        for (Type yType : TYPES) {
          double[] x = numbers.normal(xType, n);
          double[] y = numbers.normal(yType, n);
          double[] sum = new double[n];
          double[] turned = new double[n];
          for (int i = 0; i < n; i++) {
            sum[i] = 0.5 * x[i] - 2 * y[i];
            turned[i] = x[index[i / width] * width + i % width];
          }
          DeviceArray xs = numbers.put(xType, x);
          DeviceArray combined = numbers.put(yType, y);
          kernels.combine(n, 0.5f, xs, -2, combined);
          numbers.assertClose("combined", combined, sum);
          DeviceArray converted = numbers.poison(yType, n);
          kernels.convert(n, xs, converted);
          numbers.assertClose("converted", converted, x);
          DeviceArray gathered = numbers.poison(yType, n);
          kernels.gather(rows, width, numbers.put(index), xs, gathered);
          numbers.assertClose("gathered", gathered, turned);
          DeviceArray scattered = numbers.poison(yType, n);
          kernels.scatter(rows, width, numbers.put(index), xs, scattered);
          numbers.assertClose("scattered", scattered, turned);
        }
      }
    }
  }
}

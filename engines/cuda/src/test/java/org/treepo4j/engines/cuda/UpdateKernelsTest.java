package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;

import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.cuda.KernelCases.Case;

@ExtendWith(TestDevice.class)
class UpdateKernelsTest {
  private final Device device = TestDevice.shared();
  private final UpdateKernels kernels = new UpdateKernels(device);

  @KernelCases
  void stepsAreThoseOfTheFormula(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int n = numbers.between(1, 700);
      double[] values = numbers.normal(F32, n);
      double[] gradient = numbers.normal(F32, n);
      double[] first = numbers.normal(F32, n);
      double[] second = new double[n];
      double[] expected = new double[n];
      double[] newFirst = new double[n];
      double[] newSecond = new double[n];
      UpdateKernels.Step step = new UpdateKernels.Step(0.5f, 0.9, 0.95, 1e-8, 0.01f, 1.5f);
      float keep = 0.99f;
      for (int i = 0; i < n; i++) {
        second[i] = (float) (first[i] * first[i]);
        double g = 0.5 * gradient[i];
        newFirst[i] = 0.9 * first[i] + 0.1 * g;
        newSecond[i] = 0.95 * second[i] + 0.05 * g * g;
        double denominator = Math.sqrt(newSecond[i]) * 1.5 + 1e-8;
        expected[i] = values[i] * 0.99 - 0.01 * newFirst[i] / denominator;
      }
      for (boolean copies : new boolean[] {false, true}) {
        DeviceArray v = numbers.put(F32, values);
        DeviceArray m1 = numbers.put(F32, first);
        DeviceArray m2 = numbers.put(F32, second);
        DeviceArray copy = copies ? numbers.poison(BF16, n) : null;
        kernels.adamW(n, step, keep, v, numbers.put(F32, gradient), m1, m2, copy);
        numbers.assertClose("values", v, expected);
        numbers.assertClose("first", m1, newFirst);
        numbers.assertClose("second", m2, newSecond);
        if (copies) {
          double[] rounded = numbers.get(v);
          for (int i = 0; i < n; i++) {
            rounded[i] = Numbers.rounded(BF16, (float) rounded[i]);
          }
          assertThat(numbers.get(copy)).isEqualTo(rounded);
        }
      }
    }
  }

  @KernelCases
  void squaresAreSummedUpInPieces(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int n = numbers.between(1, 3 * UpdateKernels.PIECE);
      double[] x = numbers.normal(F32, n);
      double[] sums = new double[UpdateKernels.pieces(n)];
      for (int i = 0; i < n; i++) {
        sums[i / UpdateKernels.PIECE] += x[i] * x[i];
      }
      DeviceArray out = numbers.poison(F64, sums.length);
      kernels.squares(n, numbers.put(F32, x), out);
      assertThat(numbers.get(out)).containsExactly(sums, within(1e-9));
    }
  }
}

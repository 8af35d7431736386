package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.treepo4j.engines.vector.KernelAssertions.assertClose;
import static org.treepo4j.engines.vector.KernelAssertions.assertGradient;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.engines.contract.PlainKernels;

class GatedActivationTest {
  /** An exponential and four more operations, each rounded to about 6e-8. */
  private static final double ROUNDING = 1e-6;

  /** More than two tasks of 16384 elements. */
  private static final int MANY = 40_000;

  @Property(tries = 30)
  void elementsEqualThePlainFormula(
      @ForAll Activation function,
      @ForAll @IntRange(min = 1, max = MANY) int n,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] gate = gates(n, random);
    float[] up = TestModels.coefficients(n, 0, random);
    float[] y = new float[n];
    try (WorkerPool pool = new WorkerPool(threads)) {
      GatedActivation activation = GatedActivation.of(function, pool);
      activation.forward(n, gate, up, y);
      assertClose(y, plain(function, PlainKernels.widen(gate), PlainKernels.widen(up)), ROUNDING);

      int whole = n / GemmKernel.LANES * GemmKernel.LANES;
      activation.row(whole, gate, 0, up, 0, gate, 0);
      assertThat(Arrays.copyOf(gate, whole)).isEqualTo(Arrays.copyOf(y, whole));
    }
  }

  @Property(tries = 30)
  void gradientsEqualFiniteDifferences(
      @ForAll Activation function,
      @ForAll @IntRange(min = 1, max = MANY) int n,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] gate = gates(n, random);
    float[] up = TestModels.coefficients(n, 0, random);
    float[] dy = TestModels.coefficients(n, 0, random);
    float[] dGate = gate.clone();
    float[] dUp = up.clone();
    float[] y = new float[n];
    float[] again = new float[n];
    try (WorkerPool pool = new WorkerPool(threads)) {
      GatedActivation activation = GatedActivation.of(function, pool);
      activation.forward(n, gate, up, y);
      activation.backward(n, dGate, dUp, dy, again);
    }
    double[] wideGate = PlainKernels.widen(gate);
    double[] wideUp = PlainKernels.widen(up);
    assertClose(again, new double[][] {PlainKernels.widen(y)}, ROUNDING);
    assertGradient(
        dGate, gate, at -> PlainKernels.dot(dy, plain(function, at, wideUp)), ROUNDING, random);
    assertGradient(
        dUp, up, at -> PlainKernels.dot(dy, plain(function, wideGate, at)), ROUNDING, random);
  }

  /** Most around zero, some far out where the sigmoid is 0 or 1 in float32. */
  private static float[] gates(int n, Random random) {
    float[] gates = TestModels.coefficients(n, 0, random);
    for (int i = 0; i < n; i += 7) {
      gates[i] *= 60;
    }
    return gates;
  }

  private static double[][] plain(Activation function, double[] gate, double[] up) {
    double[] y = new double[gate.length];
    for (int i = 0; i < y.length; i++) {
      y[i] =
          function == Activation.SILU
              ? PlainKernels.swiGlu(gate[i], up[i])
              : PlainKernels.geGlu(gate[i], up[i]);
    }
    return new double[][] {y};
  }
}

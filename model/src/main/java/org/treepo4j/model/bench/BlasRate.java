package org.treepo4j.model.bench;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.treepo4j.model.samediff.Nd4jBackends;

/** The product of {@code MachineLimits} by ND4J, whose CPU backend calls OpenBLAS. */
final class BlasRate {
  private static final int M = 1536;
  private static final int N = 4864;
  private static final int K = 896;
  private static final double SECONDS = 1.5;

  private BlasRate() {}

  /** 10⁹ operations per second, median of many rounds. */
  static double measure() {
    Nd4jBackends.require();
    try (INDArray a = Nd4j.ones(DataType.FLOAT, M, K);
        INDArray b = Nd4j.ones(DataType.FLOAT, N, K);
        INDArray c = Nd4j.create(DataType.FLOAT, M, N)) {
      DynamicCustomOp product =
          DynamicCustomOp.builder("matmul")
              .addInputs(a, b)
              .addOutputs(c)
              .addIntegerArguments(0, 1, 0)
              .build();
      StepTimes times = StepTimes.measure(SECONDS, () -> Nd4j.getExecutioner().exec(product));
      return 2e-9 * M * N * K / times.median();
    }
  }
}

package org.treepo4j.engines.samediff;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/** A float32 product by ND4J, whose CPU backend calls OpenBLAS: a yardstick for benchmarks. */
public final class BlasRate {
  private static final int M = 1536;
  private static final int N = 4864;
  private static final int K = 896;
  private static final double SECONDS = 1.5;

  /** Of the rounds, in which ND4J and OpenBLAS settle. */
  private static final int WARM_UP = 4;

  private BlasRate() {}

  /** 1536×4864×896 in 10⁹ operations per second, median of many rounds. */
  public static double measure() {
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
      List<Long> times = new ArrayList<>();
      long begin = System.nanoTime();
      for (int round = 0; times.isEmpty() || System.nanoTime() - begin < 1e9 * SECONDS; round++) {
        long start = System.nanoTime();
        Nd4j.getExecutioner().exec(product);
        if (round >= WARM_UP) {
          times.add(System.nanoTime() - start);
        }
      }
      Collections.sort(times);
      return 2.0 * M * N * K / times.get(times.size() / 2);
    }
  }
}

package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What this machine could do at most, measured with the vector engine's own kernels: the yardstick
 * of every benchmark.
 *
 * @param threads threads that took part
 * @param gemmGflops float32 products of 1536×4864×896, in 10⁹ operations per second
 * @param readGigabytesPerSecond reading 512 MB from front to back, in 10⁹ bytes per second
 */
public record MachineLimits(int threads, double gemmGflops, double readGigabytesPerSecond) {
  private static final int M = 1536;
  private static final int N = 4864;
  private static final int K = 896;
  private static final int FLOATS = 1 << 27;
  private static final int SLICES = 256;

  /** For each of the two: long enough for the JVM to compile the kernels. */
  private static final long NANOSECONDS = 2_500_000_000L;

  /**
   * Takes about five seconds; the medians of many rounds, as what is compared with them are
   * medians.
   *
   * @throws IllegalStateException when the JVM was started without the Vector API
   */
  public static MachineLimits measure(int threads) {
    VectorApi.require();
    try (WorkerPool pool = new WorkerPool(threads)) {
      return new MachineLimits(threads, gemm(pool), read(pool));
    }
  }

  private static double gemm(WorkerPool pool) {
    Gemm gemm = new Gemm(pool);
    Matrix a = Matrix.of(new float[M * K], K);
    Matrix b = Matrix.of(new float[N * K], K);
    Matrix c = Matrix.of(new float[M * N], N);
    return 2.0 * M * N * K / medianNanoseconds(() -> gemm.nt(M, N, K, a, b, c, false));
  }

  private static double read(WorkerPool pool) {
    float[] memory = new float[FLOATS];
    int slice = FLOATS / SLICES;
    double nanoseconds =
        medianNanoseconds(
            () ->
                pool.run(
                    SLICES,
                    (index, worker) -> {
                      int from = index * slice;
                      RowMath.dot(memory, from, memory, from + slice / 2, slice / 2);
                    }));
    return (double) FLOATS * Float.BYTES / nanoseconds;
  }

  /** Of the rounds after the first half of the time, in which the JVM compiles. */
  private static double medianNanoseconds(Runnable round) {
    List<Long> times = new ArrayList<>();
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < NANOSECONDS || times.isEmpty()) {
      long start = System.nanoTime();
      round.run();
      if (start - begin > NANOSECONDS / 2) {
        times.add(System.nanoTime() - start);
      }
    }
    Collections.sort(times);
    return times.get(times.size() / 2);
  }
}

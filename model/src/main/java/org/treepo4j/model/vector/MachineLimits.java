package org.treepo4j.model.vector;

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
  private static final long NANOSECONDS = 1_500_000_000L;

  /**
   * Takes about three seconds, best of many rounds.
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
    double best = 0;
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < NANOSECONDS) {
      long start = System.nanoTime();
      gemm.nt(M, N, K, a, b, c, false);
      best = Math.max(best, 2.0 * M * N * K / (System.nanoTime() - start));
    }
    return best;
  }

  private static double read(WorkerPool pool) {
    float[] memory = new float[FLOATS];
    int slice = FLOATS / SLICES;
    double best = 0;
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < NANOSECONDS) {
      long start = System.nanoTime();
      pool.run(
          SLICES,
          (index, worker) -> {
            int from = index * slice;
            RowMath.dot(memory, from, memory, from + slice / 2, slice / 2);
          });
      best = Math.max(best, (double) FLOATS * Float.BYTES / (System.nanoTime() - start));
    }
    return best;
  }
}

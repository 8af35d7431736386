package org.treepo4j.bench;

import java.util.List;
import java.util.Locale;
import org.treepo4j.engines.vector.MachineLimits;

/**
 * The outcome of a benchmark run.
 *
 * @param java version and name of the JVM
 * @param limits what the machine could do at most, at the beginning
 * @param blasGflops the same products by ND4J's OpenBLAS, 0 where that is not on the class path
 * @param entries the measurements, in the order they were made
 */
public record BenchReport(
    String java, MachineLimits limits, double blasGflops, List<BenchEntry> entries) {

  public BenchReport {
    entries = List.copyOf(entries);
  }

  /** The report as a table for people. */
  public String toTable() {
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            Locale.ROOT,
            "%s, %d threads: multiply-adds %.0f GFLOP/s, products %.0f (OpenBLAS %s), memory reads"
                + " %.1f GB/s%n%n",
            java,
            limits.threads(),
            limits.fmaGflops(),
            limits.gemmGflops(),
            blasGflops > 0 ? String.format(Locale.ROOT, "%.0f", blasGflops) : "absent",
            limits.readGigabytesPerSecond()));
    table.append(
        String.format(
            "%-12s %-14s %-16s %6s %12s %10s %10s %9s %12s %8s%n",
            "engine",
            "shape",
            "work",
            "batch",
            "tokens/s",
            "ms",
            "best ms",
            "of limit",
            "of products",
            "peak GB"));
    for (BenchEntry entry : entries) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-12s %-14s %-16s %6d %12.1f %10.2f %10.2f %8.0f%% %11.0f%% %8.2f%n",
              entry.engine(),
              entry.shape(),
              entry.work(),
              entry.batch(),
              entry.tokensPerSecond(),
              entry.milliseconds(),
              entry.bestMilliseconds(),
              100 * entry.fraction(),
              100 * entry.productsFraction(),
              entry.peakBytes() / 1e9));
    }
    return table.toString();
  }
}

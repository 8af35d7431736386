package org.treepo4j.spark;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spark within this JVM: everything but the network. */
class LocalMasterTest {
  @TempDir Path folder;

  @Test
  void aRunOnSparkIsTheRunWithoutItBitForBit() throws Exception {
    ClusterRuns runs = new ClusterRuns(folder);
    runs.run("here").run();
    runs.run("spark")
        .cluster(() -> SparkCluster.connect("local[1]", Map.of(), runs.notes()::add))
        .run();
    System.err.println(runs.notes());
    System.err.println(runs.metrics("spark").get(1));
    runs.assertSame("here", "spark", 4);
  }
}

package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import org.junit.jupiter.api.Test;

class SparkPropertiesTest {
  @Test
  void executorsAreSentWhatSparkDoesNotBring() {
    String classPath =
        String.join(
            File.pathSeparator,
            "/opt/treepo/lib/treepo4j-rl-0.1.0.jar",
            "/opt/treepo/lib/parquet-column-1.15.2.jar",
            "/opt/treepo/lib/spark/treepo4j-spark-0.1.0.jar",
            "/opt/treepo/lib/spark/jersey-server-3.1.jar",
            "/root/.m2/repository/org/apache/spark/spark-core_2.13-4.2.0.jar",
            "/opt/treepo/classes");
    assertThat(SparkProperties.jarsToSend(classPath))
        .containsExactly(
            "/opt/treepo/lib/treepo4j-rl-0.1.0.jar",
            "/opt/treepo/lib/parquet-column-1.15.2.jar",
            "/opt/treepo/lib/spark/treepo4j-spark-0.1.0.jar");
  }
}

package org.treepo4j.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.treepo4j.base.InputException;
import org.treepo4j.rl.cluster.Cluster;
import org.treepo4j.rl.cluster.ClusterEngine;
import picocli.CommandLine.Option;

/** The cluster a command uses, if any. */
final class ClusterMixin {
  /** What spark-submit tells a program of the cluster it was submitted to. */
  private static final String SUBMITTED = "spark.master";

  @Option(
      names = "--master",
      paramLabel = "URL",
      description =
          "Spark cluster: spark://HOST:PORT, or local-cluster[2,1,1024] on this"
              + " machine. docs/cluster.md")
  private String master;

  @Option(
      names = "--conf",
      paramLabel = "spark.x=y",
      description = "Sets a property of Spark; may be given many times.")
  private Map<String, String> properties = new LinkedHashMap<>();

  /**
   * The connection to the cluster; empty to stay on this machine.
   *
   * @throws InputException when properties of Spark are set and no cluster is named
   */
  Optional<Cluster.Connection> connection(Consumer<String> notes) {
    String url = master == null ? System.getProperty(SUBMITTED) : master;
    if (url == null && !properties.isEmpty()) {
      throw new InputException(
          "--conf sets properties of Spark, which needs --master URL (or spark-submit)");
    }
    return Optional.ofNullable(url)
        .map(
            named -> {
              ClusterEngine engine = ClusterEngine.present();
              return () -> engine.connect(named, properties, notes);
            });
  }
}

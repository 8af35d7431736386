package org.treepo4j.spark;

import java.util.Map;
import java.util.function.Consumer;
import org.treepo4j.rl.cluster.Cluster;
import org.treepo4j.rl.cluster.ClusterEngine;

/** Apache Spark: {@code --master} takes whatever Spark does. */
public final class SparkEngine implements ClusterEngine {

  @Override
  public Cluster connect(String master, Map<String, String> properties, Consumer<String> notes) {
    return SparkCluster.connect(master, properties, notes);
  }
}

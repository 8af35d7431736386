package org.treepo4j.rl.cluster;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.treepo4j.base.InputException;

/**
 * A kind of cluster that the class path offers, named in {@code
 * META-INF/services/org.treepo4j.rl.cluster.ClusterEngine}.
 */
public interface ClusterEngine {

  /**
   * Connects to a cluster.
   *
   * @param master its address, as the cluster's software spells it
   * @param properties of the cluster's software, by its names
   * @param notes told what people should know, one line each
   * @throws InputException when nothing can be reached there
   */
  Cluster connect(String master, Map<String, String> properties, Consumer<String> notes);

  /**
   * The one on the class path.
   *
   * @throws InputException when there is none
   */
  static ClusterEngine present() {
    return ServiceLoader.load(ClusterEngine.class, ClusterEngine.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "--master needs the module treepo4j-spark: unpack the archive for clusters,"
                        + " treepo4j-spark-….zip, into the folder lib; in a clone ./treepo builds"
                        + " it"));
  }
}

package org.treepo4j.spark;

import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.treepo4j.base.InputException;

/**
 * Spark's own properties as training needs them. What the user sets, by {@code --conf} or {@code
 * spark-submit}, is left alone.
 */
final class SparkProperties {
  private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\d+|\\*)(?:,\\d+)?\\])?");
  private static final Pattern LOCAL_CLUSTER =
      Pattern.compile("local-cluster\\[\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,\\s*(\\d+)\\s*\\]");

  /** Jars by their paths: Spark's by name, and, in the distribution, what Spark brings along. */
  private static final Pattern SPARKS_OWN =
      Pattern.compile("(.*/)?((spark|scala|hadoop)-|lib/spark/(?!treepo4j-))[^/]*");

  private static final String EXECUTOR_CORES = "spark.executor.cores";
  static final String TASK_CPUS = "spark.task.cpus";

  private SparkProperties() {}

  /**
   * @param master Spark's address of the cluster
   * @param given properties of the user
   */
  static SparkConf of(String master, Map<String, String> given) {
    SparkConf conf = new SparkConf().setMaster(master);
    for (Map.Entry<String, String> property : given.entrySet()) {
      if (!property.getKey().startsWith("spark.")) {
        throw new InputException(
            "--conf %s=%s: expected a property of Spark, which begins with spark."
                .formatted(property.getKey(), property.getValue()));
      }
      conf.set(property.getKey(), property.getValue());
    }
    conf.setIfMissing("spark.app.name", "TreePO4J");
    conf.setIfMissing("spark.ui.enabled", "false");
    conf.setIfMissing("spark.ui.showConsoleProgress", "false");
    // Weights and gradients do not compress, and go in few large blocks.
    conf.setIfMissing("spark.broadcast.compress", "false");
    conf.setIfMissing("spark.broadcast.blockSize", "16m");
    conf.setIfMissing("spark.shuffle.compress", "false");
    conf.setIfMissing("spark.driver.maxResultSize", "0");
    // Any executor has the model: nothing is worth waiting for a certain one.
    conf.setIfMissing("spark.locality.wait", "0s");
    // A copy of a slow task would compute the same, and be in the way of others.
    conf.setIfMissing("spark.speculation", "false");
    conf.setIfMissing(
        "spark.executor.extraJavaOptions",
        "-XX:+UseParallelGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    Matcher cluster = LOCAL_CLUSTER.matcher(master);
    Matcher local = LOCAL.matcher(master);
    if (cluster.matches()) {
      localCluster(conf, cluster);
    } else if (local.matches()) {
      conf.setIfMissing(TASK_CPUS, Integer.toString(cores(local.group(1))));
    }
    if (cluster.matches() || local.matches()) {
      conf.setIfMissing("spark.driver.host", "127.0.0.1");
      conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
    }
    if (conf.contains(EXECUTOR_CORES)) {
      // A model is used by one task at a time, which takes all cores of its executor.
      conf.setIfMissing(TASK_CPUS, conf.get(EXECUTOR_CORES));
    }
    return conf;
  }

  /** Executors that {@code local-cluster} will have; 0 where the address does not tell. */
  static int expectedExecutors(SparkConf conf) {
    Matcher cluster = LOCAL_CLUSTER.matcher(conf.get("spark.master"));
    return cluster.matches()
        ? Integer.parseInt(cluster.group(1))
        : conf.getInt("spark.executor.instances", 0);
  }

  /** Whether the driver's own JVM is the executor. */
  static boolean inThisJvm(SparkConf conf) {
    return LOCAL.matcher(conf.get("spark.master")).matches();
  }

  /** Workers of the same machine with the class path of this JVM. */
  private static void localCluster(SparkConf conf, Matcher address) {
    conf.setIfMissing(EXECUTOR_CORES, address.group(2));
    conf.setIfMissing("spark.executor.memory", address.group(3) + "m");
    conf.setIfMissing("spark.executor.extraClassPath", System.getProperty("java.class.path"));
    // Its workers take the class path above instead of an installation of Spark.
    conf.set("spark.executorEnv.SPARK_SCALA_VERSION", "2.13");
    conf.set("spark.executorEnv.SPARK_TESTING", "1");
  }

  private static int cores(String count) {
    if (count == null) {
      return 1;
    }
    return count.equals("*") ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(count);
  }

  /** The jars of a class path that an installation of Spark does not have. */
  static List<String> jarsToSend(String classPath) {
    return Arrays.stream(classPath.split(File.pathSeparator))
        .filter(path -> path.endsWith(".jar"))
        .filter(path -> !SPARKS_OWN.matcher(path.replace(File.separatorChar, '/')).matches())
        .toList();
  }
}

package org.treepo4j.spark;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.apache.spark.SparkEnv;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.train.Trainer;
import org.treepo4j.rollout.TreeSampler;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * What one JVM says of itself in the handshake. Driver and executors must run the same code on the
 * same version of Java, or the same step would come out differently here and there.
 *
 * @param executor its id; {@code driver} for the driver
 * @param host name or address of its machine
 * @param pid number of its process there
 * @param java full version of Java
 * @param feature its feature version, 17
 * @param spark version of Spark
 * @param processors that the JVM sees
 * @param maxHeap bytes the heap may take
 * @param freeHeap bytes of it that are not in use
 * @param code checksum of our code by module
 * @param engines why an engine cannot run there, empty text where it can, by name
 */
record WorkerFacts(
    String executor,
    String host,
    long pid,
    String java,
    int feature,
    String spark,
    int processors,
    long maxHeap,
    long freeHeap,
    Map<String, String> code,
    Map<String, String> engines)
    implements Serializable {

  private static final List<Class<?>> ANCHORS =
      List.of(
          Settings.class,
          Tokenizer.class,
          ModelConfig.class,
          CausalLm.class,
          TreeSampler.class,
          Trainer.class,
          WorkerFacts.class);

  /** Of the JVM that calls. */
  static WorkerFacts ofThisJvm() {
    Runtime runtime = Runtime.getRuntime();
    Map<String, String> engines = new TreeMap<>();
    for (Engine engine : Engines.present()) {
      engines.put(engine.name(), engine.problem(EngineOptions.defaults()).orElse(""));
    }
    SparkEnv spark = SparkEnv.get();
    return new WorkerFacts(
        spark.executorId(),
        spark.rpcEnv().address() == null
            ? spark.blockManager().blockManagerId().host()
            : spark.rpcEnv().address().host(),
        ProcessHandle.current().pid(),
        System.getProperty("java.version"),
        Runtime.version().feature(),
        org.apache.spark.package$.MODULE$.SPARK_VERSION(),
        runtime.availableProcessors(),
        runtime.maxMemory(),
        runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory(),
        checksums(),
        engines);
  }

  /**
   * Why an executor cannot take part; empty where it can.
   *
   * @param driver what the driver said of itself
   * @param engine that computes
   * @param needed bytes of heap that the run takes there; 0 where that is not known
   */
  Optional<String> problem(WorkerFacts driver, String engine, long needed) {
    if (feature != driver.feature) {
      return refused(
          "runs on Java %s, the driver on %s; give both the same (spark.executorEnv.JAVA_HOME)"
              .formatted(java, driver.java));
    }
    if (!spark.equals(driver.spark)) {
      return refused("has Spark %s, the driver %s".formatted(spark, driver.spark));
    }
    for (Map.Entry<String, String> module : driver.code.entrySet()) {
      if (!module.getValue().equals(code.get(module.getKey()))) {
        return refused(
            "has another build of %s on its class path than the driver; give both the same jars"
                .formatted(module.getKey()));
      }
    }
    String ofEngine = engines.getOrDefault(engine, "has no engine " + engine);
    if (!ofEngine.isEmpty()) {
      return refused("cannot compute: " + ofEngine + " (spark.executor.extraJavaOptions)");
    }
    if (needed > maxHeap) {
      return refused(
          "may use %d MB, but the model needs about %d MB there; raise spark.executor.memory, or lower trainer.microBatchTokens"
              .formatted(maxHeap >> 20, needed >> 20));
    }
    return Optional.empty();
  }

  private Optional<String> refused(String reason) {
    return Optional.of("executor " + executor + " on " + host + " " + reason);
  }

  /** For people and as JSON. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("executor", executor);
    map.put("host", host);
    map.put("java", java);
    map.put("spark", spark);
    map.put("processors", processors);
    map.put("maxHeapBytes", maxHeap);
    map.put("freeHeapBytes", freeHeap);
    map.put("engines", engines);
    return map;
  }

  private static Map<String, String> checksums() {
    Map<String, String> code = new TreeMap<>();
    Map<Path, String> known = new LinkedHashMap<>();
    Stream<Class<?>> engines = Engines.present().stream().map(Object::getClass);
    Stream.concat(ANCHORS.stream(), engines)
        .forEach(
            anchor ->
                code.put(
                    anchor.getPackageName().replace("org.treepo4j.", ""),
                    known.computeIfAbsent(place(anchor), WorkerFacts::checksum)));
    return code;
  }

  private static Path place(Class<?> anchor) {
    try {
      return Path.of(anchor.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException("a class comes from a file", e);
    }
  }

  /** Of a jar, or of a folder of classes. */
  private static String checksum(Path place) {
    CRC32 sum = new CRC32();
    try (Stream<Path> files = Files.walk(place)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        sum.update(Files.readAllBytes(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Long.toHexString(sum.getValue());
  }
}

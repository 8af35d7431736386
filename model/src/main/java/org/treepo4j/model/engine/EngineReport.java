package org.treepo4j.model.engine;

import java.lang.management.ManagementFactory;
import java.util.List;
import org.treepo4j.model.samediff.Gpu;
import org.treepo4j.model.samediff.GpuCheck;
import org.treepo4j.model.samediff.Nd4jBackends;
import org.treepo4j.model.vector.VectorApi;

/**
 * Engines and hardware found, without loading native code.
 *
 * @param java version and name of the JVM
 * @param os name and architecture of the operating system
 * @param processors processors the JVM may use
 * @param maxHeapBytes most memory the Java heap may take
 * @param physicalMemoryBytes memory of the machine or container
 * @param vector whether the vector engine can run, {@code "ready"} or why not
 * @param nd4jBackend the ND4J backend on the class path
 * @param samediff whether the samediff engine can run, {@code "ready"} or why not
 * @param gpus NVIDIA GPUs that the driver tells of
 * @param auto what {@code auto} chooses here, or why it can choose none
 */
public record EngineReport(
    String java,
    String os,
    int processors,
    long maxHeapBytes,
    long physicalMemoryBytes,
    String vector,
    Nd4jBackends.Kind nd4jBackend,
    String samediff,
    List<Gpu> gpus,
    String auto) {
  private static final String READY = "ready";

  public EngineReport {
    gpus = List.copyOf(gpus);
  }

  /** Looks at this JVM and machine. */
  public static EngineReport ofThisMachine() {
    Nd4jBackends.Kind backend = Nd4jBackends.present();
    boolean vector = VectorApi.isAvailable();
    String samediff = Nd4jBackends.problem().orElse(READY);
    String auto =
        backend == Nd4jBackends.Kind.CUDA && samediff.equals(READY)
            ? "samediff"
            : vector ? "vector" : "none";
    return new EngineReport(
        System.getProperty("java.version") + " " + System.getProperty("java.vm.name"),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        Runtime.getRuntime().availableProcessors(),
        Runtime.getRuntime().maxMemory(),
        physicalMemory(),
        vector ? READY : "needs the JVM flag --add-modules jdk.incubator.vector",
        backend,
        samediff,
        GpuCheck.ofThisMachine().gpus(),
        auto);
  }

  private static long physicalMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : 0;
  }
}

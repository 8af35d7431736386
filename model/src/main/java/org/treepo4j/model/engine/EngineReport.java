package org.treepo4j.model.engine;

import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import org.treepo4j.model.EngineUnavailableException;

/**
 * Engines and hardware found, without loading native code.
 *
 * @param java version and name of the JVM
 * @param os name and architecture of the operating system
 * @param processors processors the JVM may use
 * @param maxHeapBytes most memory the Java heap may take
 * @param physicalMemoryBytes memory of the machine or container
 * @param engines whether each engine on the class path can run, {@code "ready"} or why not
 * @param facts what the engines say of themselves
 * @param auto what {@code auto} chooses here, {@code "none"} where it can choose none
 */
public record EngineReport(
    String java,
    String os,
    int processors,
    long maxHeapBytes,
    long physicalMemoryBytes,
    Map<String, String> engines,
    Map<String, Object> facts,
    String auto) {
  private static final String READY = "ready";

  /** Looks at this JVM and machine. */
  public static EngineReport ofThisMachine() {
    EngineOptions options = EngineOptions.defaults();
    Map<String, String> engines = new LinkedHashMap<>();
    Map<String, Object> facts = new LinkedHashMap<>();
    for (Engine engine : Engines.present()) {
      engines.put(engine.name(), engine.problem(options).orElse(READY));
      facts.putAll(engine.facts());
    }
    return new EngineReport(
        System.getProperty("java.version") + " " + System.getProperty("java.vm.name"),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        Runtime.getRuntime().availableProcessors(),
        Runtime.getRuntime().maxMemory(),
        physicalMemory(),
        engines,
        facts,
        auto(options));
  }

  private static String auto(EngineOptions options) {
    try {
      return Engines.choose(options).name();
    } catch (EngineUnavailableException e) {
      return "none";
    }
  }

  private static long physicalMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : 0;
  }
}

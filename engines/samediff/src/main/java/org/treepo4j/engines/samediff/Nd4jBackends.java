package org.treepo4j.engines.samediff;

import java.util.Optional;
import org.treepo4j.model.EngineUnavailableException;

/**
 * What ND4J finds to compute with, found out without loading any of its native code: a CUDA backend
 * without a GPU that it can run on would end in a stack trace or a crash.
 */
public final class Nd4jBackends {
  private static final String CUDA_CLASS = "org/nd4j/linalg/jcublas/JCublasBackend.class";
  private static final String CPU_CLASS = "org/nd4j/linalg/cpu/nativecpu/CpuBackend.class";

  /** A backend on the class path. */
  public enum Kind {
    CUDA,
    CPU,
    NONE
  }

  private Nd4jBackends() {}

  /** The backend that ND4J would load: CUDA goes before CPU. */
  public static Kind present() {
    if (onClassPath(CUDA_CLASS)) {
      return Kind.CUDA;
    }
    return onClassPath(CPU_CLASS) ? Kind.CPU : Kind.NONE;
  }

  /** Why the samediff engine cannot run here, in one line; empty when it can. */
  public static Optional<String> problem() {
    return switch (present()) {
      case CPU -> Optional.empty();
      case NONE ->
          Optional.of(
              "the samediff engine needs an ND4J backend on the class path: org.nd4j:nd4j-native,"
                  + " or nd4j-cuda-11.6 with -Pcuda");
      case CUDA -> GpuCheck.ofThisMachine().problem();
    };
  }

  /**
   * Makes sure that ND4J may be loaded, and quiet it when it is.
   *
   * @throws EngineUnavailableException when it must not
   */
  public static void require() {
    Optional<String> problem = problem();
    if (problem.isPresent()) {
      throw new EngineUnavailableException(problem.get());
    }
    // slf4j-simple is the binding that the command line ships; others bring their own settings.
    setUnlessSet("org.slf4j.simpleLogger.log.org.nd4j", "warn");
    setUnlessSet("org.slf4j.simpleLogger.log.org.nd4j.imports", "error");
    setUnlessSet("org.nd4j.log.initialization", "false");
    setUnlessSet("org.nd4j.versioncheck", "false");
    // JavaCPP would refuse memory beyond the size of the Java heap, the whole process beyond twice.
    setUnlessSet("org.bytedeco.javacpp.maxbytes", "0");
    setUnlessSet("org.bytedeco.javacpp.maxphysicalbytes", "0");
  }

  private static void setUnlessSet(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private static boolean onClassPath(String resource) {
    return Nd4jBackends.class.getClassLoader().getResource(resource) != null;
  }
}

package org.treepo4j.engines.vector;

/** Whether this JVM was started with the incubating Vector API. */
public final class VectorApi {
  private static final String MODULE = "jdk.incubator.vector";

  private VectorApi() {}

  public static boolean isAvailable() {
    return ModuleLayer.boot().findModule(MODULE).isPresent();
  }

  /**
   * @throws IllegalStateException when it is missing, with the flag that is needed
   */
  static void require() {
    if (!isAvailable()) {
      throw new IllegalStateException(
          "the vector engine needs the JVM flag --add-modules " + MODULE);
    }
  }
}

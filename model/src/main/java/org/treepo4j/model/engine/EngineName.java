package org.treepo4j.model.engine;

/** Which engine computes. */
public enum EngineName {
  /**
   * {@link #SAMEDIFF} where a CUDA backend is on the class path and usable, else {@link #VECTOR}.
   */
  AUTO,
  /** SameDiff graphs on ND4J; its backend on the class path decides between CPU and GPU. */
  SAMEDIFF,
  /** Pure Java with the JDK's Vector API. */
  VECTOR
}

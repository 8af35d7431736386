package org.treepo4j.model;

/**
 * What an engine keeps of a {@link Parameter} outside the heap. Values and gradient are in one
 * place at a time: whoever asks the parameter for one of them gets it brought to the heap, and the
 * engine takes it from there when it computes next.
 */
public interface DeviceCopy {

  /**
   * Called before the parameter's values are handed out: fills them where the device's are newer.
   */
  void bringValues(float[] values);

  /** Whether the gradient is not on the heap. */
  boolean hasGradient();

  /**
   * Called before the gradient is handed out: fills it where the device's is newer. From here on
   * the array counts, until the engine adds to it.
   */
  void bringGradient(float[] gradient);

  /** The gradient is zero from here on, wherever it is. */
  void zeroGradient();

  /** The parameter asks here no more; what was newer has been brought. */
  void leave();
}

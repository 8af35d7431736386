package org.treepo4j.model;

import java.util.Map;

/**
 * What changes the weights of an open model by their gradients: AdamW as {@link AdamW} defines it,
 * computed where the engine keeps its weights.
 */
public interface Optimizer {

  /**
   * Euclidean norm of the gradients of all that is trained together; NaN or infinite when any
   * gradient is.
   */
  double gradientNorm();

  /**
   * Applies the accumulated gradients, which stay as they are. The engine that it belongs to
   * computes with the new values from here on, and its live decoders are invalid; other engines on
   * the same weights are to be told ({@link CausalLm#weightsChanged}).
   *
   * @param learningRate not negative
   * @param gradientScale what gradients are multiplied by, as {@link GradientClipping#scale} gives
   *     it
   */
  void step(double learningRate, float gradientScale);

  /** Updates done so far. */
  long steps();

  /**
   * The moments by tensor name with the suffixes {@code .exp_avg} and {@code .exp_avg_sq}, in the
   * order of the model, in float32: with {@link #steps}, all that a checkpoint needs. To be read
   * only, before the next {@link #step}.
   */
  Map<String, float[]> state();

  /**
   * Continues from the state of another optimiser of the same model; the arrays are copied. The
   * next steps are those of the other, bit for bit on the same engine.
   *
   * @throws IllegalArgumentException when an array is missing, surplus or of another length;
   *     nothing is changed then
   */
  void restore(long stepsDone, Map<String, float[]> saved);
}

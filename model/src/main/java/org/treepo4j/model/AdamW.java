package org.treepo4j.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * Adam with decoupled weight decay (Loshchilov &amp; Hutter 2019, algorithm 2), in the form PyTorch
 * gives it. Matrices decay; norms and biases, which have one dimension, do not.
 *
 * <p>With {@code g} the gradient, {@code t} the step and {@code α} the learning rate:
 *
 * <pre>
 *   θ ← θ·(1 − α·λ)
 *   m ← β₁·m + (1 − β₁)·g        v ← β₂·v + (1 − β₂)·g²
 *   θ ← θ − α/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε)
 * </pre>
 *
 * <p>Frozen parameters have no moments and stay as they are.
 */
public final class AdamW {
  /** What follows a tensor's name in the state. */
  public static final String FIRST = ".exp_avg";

  public static final String SECOND = ".exp_avg_sq";

  /** Numbers of a piece: four arrays of it stay in a second-level cache. */
  static final int PIECE = 1 << 15;

  private final Settings settings;
  private final List<Moments> moments = new ArrayList<>();

  /** All numbers in pieces of about equal size, for all processors. */
  private final List<Piece> pieces = new ArrayList<>();

  private long steps;

  /** A trainable parameter with its running means of the gradient and of its square. */
  @SuppressWarnings("ArrayRecordComponent") // live arrays, compared by nobody
  private record Moments(Parameter parameter, boolean decays, float[] first, float[] second) {}

  /** A run of the numbers of one parameter. */
  private record Piece(Moments state, int from, int to) {}

  /**
   * The constants of the algorithm.
   *
   * @param beta1 decay of the first moment, in [0, 1)
   * @param beta2 decay of the second moment, in [0, 1)
   * @param epsilon added to the root of the second moment, positive
   * @param weightDecay λ, not negative
   */
  public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {
    public Settings {
      requireDecay("beta1", beta1);
      requireDecay("beta2", beta2);
      if (!(epsilon > 0)) {
        throw new IllegalArgumentException("epsilon must be positive, was " + epsilon);
      }
      requireNotNegative("weightDecay", weightDecay);
    }
  }

  /**
   * The numbers of one step, in float32 as every implementation uses them.
   *
   * @param keep what decaying values are multiplied by
   * @param stepSize learning rate over the first moment's bias correction
   * @param rootCorrection one over the root of the second moment's
   */
  public record Step(float keep, float stepSize, float rootCorrection) {

    /**
     * @param step number of the step, 1 for the first
     */
    public static Step of(Settings settings, long step, double learningRate) {
      requireNotNegative("learningRate", learningRate);
      double correction1 = 1 - Math.pow(settings.beta1, (double) step);
      double correction2 = 1 - Math.pow(settings.beta2, (double) step);
      return new Step(
          (float) (1 - learningRate * settings.weightDecay),
          (float) (learningRate / correction1),
          (float) (1 / Math.sqrt(correction2)));
    }
  }

  /** As {@link #AdamW(Weights, Settings)}. */
  public AdamW(Weights weights, double beta1, double beta2, double epsilon, double weightDecay) {
    this(weights, new Settings(beta1, beta2, epsilon, weightDecay));
  }

  /**
   * @param weights whose trainable parameters are to be optimised
   */
  public AdamW(Weights weights, Settings settings) {
    this.settings = settings;
    for (Parameter parameter : weights.parameters()) {
      if (parameter.trainable()) {
        int size = parameter.size();
        boolean matrix = decays(parameter);
        Moments state = new Moments(parameter, matrix, new float[size], new float[size]);
        moments.add(state);
        for (int from = 0; from < size; from += PIECE) {
          pieces.add(new Piece(state, from, Math.min(size, from + PIECE)));
        }
      }
    }
  }

  /** Updates done so far. */
  public long steps() {
    return steps;
  }

  /** Applies the accumulated gradients as they are. */
  public void step(double learningRate) {
    step(learningRate, 1);
  }

  /**
   * Applies the accumulated gradients, which stay as they are, in one pass on all processors. The
   * result does not depend on how many there are. The engine is to be told of the new values
   * ({@link CausalLm#weightsChanged}).
   *
   * @param gradientScale what gradients are multiplied by, as {@link GradientClipping#scale} gives
   *     it
   */
  public void step(double learningRate, float gradientScale) {
    Step numbers = Step.of(settings, steps + 1, learningRate);
    steps++;
    for (Moments state : moments) {
      state.parameter.values(); // whatever is not on the heap comes here first
      state.parameter.gradient();
    }
    pieces.parallelStream()
        .forEach(
            piece -> {
              float keep = piece.state.decays ? numbers.keep : 1f;
              update(piece, gradientScale, keep, numbers.stepSize, numbers.rootCorrection);
            });
  }

  /** Matrices decay; norms and biases, which have one dimension, do not. */
  public static boolean decays(Parameter parameter) {
    return parameter.shape().length > 1;
  }

  private void update(
      Piece piece, float gradientScale, float keep, float stepSize, float rootCorrection) {
    Moments state = piece.state;
    float[] values = state.parameter.values();
    float[] gradient = state.parameter.gradient();
    float[] first = state.first;
    float[] second = state.second;
    float b1 = (float) settings.beta1;
    float b2 = (float) settings.beta2;
    float new1 = (float) (1 - settings.beta1);
    float new2 = (float) (1 - settings.beta2);
    float eps = (float) settings.epsilon;
    for (int i = piece.from; i < piece.to; i++) {
      float g = gradient[i] * gradientScale;
      float m = b1 * first[i] + new1 * g;
      float v = b2 * second[i] + new2 * g * g;
      first[i] = m;
      second[i] = v;
      float denominator = (float) Math.sqrt(v) * rootCorrection + eps;
      values[i] = values[i] * keep - stepSize * m / denominator;
    }
  }

  /**
   * The live moments by tensor name with the suffixes {@code .exp_avg} and {@code .exp_avg_sq}, in
   * the order of the model: with {@link #steps}, all that a checkpoint needs.
   */
  public Map<String, float[]> state() {
    Map<String, float[]> state = new LinkedHashMap<>();
    for (Moments moment : moments) {
      state.put(moment.parameter.name() + FIRST, moment.first);
      state.put(moment.parameter.name() + SECOND, moment.second);
    }
    return Collections.unmodifiableMap(state);
  }

  /**
   * Continues from the state of another optimiser of the same model; the arrays are copied.
   *
   * @throws IllegalArgumentException when an array is missing, surplus or of another length;
   *     nothing is changed then
   */
  public void restore(long stepsDone, Map<String, float[]> saved) {
    if (stepsDone < 0) {
      throw new IllegalArgumentException("steps must not be negative, was " + stepsDone);
    }
    Map<String, float[]> live = state();
    requireSame(saved, live.keySet(), name -> live.get(name).length);
    live.forEach((name, values) -> System.arraycopy(saved.get(name), 0, values, 0, values.length));
    steps = stepsDone;
  }

  /**
   * Refuses a saved state that is not of these arrays.
   *
   * @param lengths of the arrays by name
   * @throws IllegalArgumentException when an array is missing, surplus or of another length
   */
  public static void requireSame(
      Map<String, float[]> saved, Set<String> names, ToIntFunction<String> lengths) {
    for (String name : saved.keySet()) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException("optimizer state has the surplus array " + name);
      }
    }
    for (String name : names) {
      float[] from = saved.get(name);
      if (from == null) {
        throw new IllegalArgumentException("optimizer state lacks the array " + name);
      }
      if (from.length != lengths.applyAsInt(name)) {
        throw new IllegalArgumentException(
            "optimizer state %s must have %d values, had %d"
                .formatted(name, lengths.applyAsInt(name), from.length));
      }
    }
  }

  private static void requireDecay(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " must be in [0, 1), was " + value);
    }
  }

  private static void requireNotNegative(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + " must not be negative, was " + value);
    }
  }
}

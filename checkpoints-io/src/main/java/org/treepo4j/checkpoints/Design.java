package org.treepo4j.checkpoints;

import java.util.List;
import java.util.Objects;

/**
 * In what a model departs from plain Llama, beyond what its {@link Architecture} settles.
 *
 * @param activation of the gate in the feed-forward layer
 * @param scales factors that Llama does not have
 * @param caps soft caps on attention scores and logits
 * @param localRotary rotary embedding of the layers that say {@link Position#LOCAL}; null without
 *     such layers
 * @param rotaryWidth elements of each head that are rotated, the first ones; 0 for all
 * @param queryGrowth growth of queries with their position
 * @param layers one for each layer, or empty when all are {@link Layer#PLAIN}
 */
public record Design(
    Activation activation,
    Scales scales,
    Caps caps,
    Rotary localRotary,
    int rotaryWidth,
    QueryGrowth queryGrowth,
    List<Layer> layers) {

  /** No departure. */
  public static final Design PLAIN =
      new Design(Activation.SILU, Scales.NONE, Caps.NONE, null, 0, QueryGrowth.NONE, List.of());

  /** Activations of the gate. */
  public enum Activation {
    /** {@code x·sigmoid(x)} (Elfwing et al. 2017). */
    SILU,
    /** {@code x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))} (Hendrycks and Gimpel 2016). */
    GELU_TANH
  }

  /** How a layer tells positions apart. */
  public enum Position {
    /** By the rotary embedding of the model. */
    GLOBAL,
    /** By {@link Design#localRotary}. */
    LOCAL,
    /** Not at all. */
    NONE
  }

  /**
   * Attention of one layer.
   *
   * @param window tokens that a token sees, itself included: key {@code j} is visible to query
   *     {@code i} if {@code i − j < window}, counted along the path; 0 for all
   * @param position how it tells positions apart
   */
  public record Layer(int window, Position position) {
    /** All ancestors, the rotary embedding of the model. */
    public static final Layer PLAIN = new Layer(0, Position.GLOBAL);

    public Layer {
      Objects.requireNonNull(position, "position");
      if (window < 0) {
        throw new IllegalArgumentException("window must not be negative, was " + window);
      }
    }
  }

  /** A rotary embedding: the base of its frequencies and how they are changed. */
  public record Rotary(double theta, RopeScaling scaling) {
    public Rotary {
      Objects.requireNonNull(scaling, "scaling");
      if (!(theta > 0)) {
        throw new IllegalArgumentException("rope theta must be positive, was " + theta);
      }
    }
  }

  /**
   * Constant factors.
   *
   * @param embedding of embedded tokens
   * @param attention of scores; 0 for {@code 1/√headDim}
   * @param residual of what attention and feed-forward layer add to the residual stream
   * @param logitDivisor logits are divided by it
   */
  public record Scales(double embedding, double attention, double residual, double logitDivisor) {
    /** All of them 1, scores times {@code 1/√headDim}. */
    public static final Scales NONE = new Scales(1, 0, 1, 1);

    public Scales {
      finite("embedding scale", embedding);
      finite("attention scale", attention);
      finite("residual scale", residual);
      finite("logit divisor", logitDivisor);
      if (logitDivisor == 0) {
        throw new IllegalArgumentException("logit divisor must not be 0");
      }
    }

    private static void finite(String name, double value) {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException(name + " must be finite, was " + value);
      }
    }
  }

  /**
   * Soft caps {@code cap·tanh(x/cap)}; 0 where there is none.
   *
   * @param attention of scores, after scaling
   * @param logits of logits
   */
  public record Caps(double attention, double logits) {
    /** No caps. */
    public static final Caps NONE = new Caps(0, 0);

    public Caps {
      if (!(attention >= 0) || !(logits >= 0)) {
        throw new IllegalArgumentException(
            "soft caps must not be negative, were " + attention + " and " + logits);
      }
    }
  }

  /**
   * Queries at position {@code p} are multiplied by {@code 1 + beta·ln(1 + ⌊p/every⌋)}, so that
   * attention stays sharp over long contexts (Llama 4, Ministral 3).
   */
  public record QueryGrowth(double beta, int every) {
    /** No growth. */
    public static final QueryGrowth NONE = new QueryGrowth(0, 1);

    public QueryGrowth {
      if (!Double.isFinite(beta)) {
        throw new IllegalArgumentException("query growth must be finite, was " + beta);
      }
      if (every <= 0) {
        throw new IllegalArgumentException(
            "query growth must step at positive positions: " + every);
      }
    }

    /** The factor at a position. */
    public double at(int position) {
      return 1 + beta * Math.log1p(position / every);
    }
  }

  public Design {
    Objects.requireNonNull(activation, "activation");
    Objects.requireNonNull(scales, "scales");
    Objects.requireNonNull(caps, "caps");
    Objects.requireNonNull(queryGrowth, "queryGrowth");
    if (rotaryWidth < 0 || rotaryWidth % 2 != 0) {
      throw new IllegalArgumentException("rotaryWidth must be even, was " + rotaryWidth);
    }
    if (layers.stream().allMatch(Layer.PLAIN::equals)) {
      layers = List.of();
    }
    layers = List.copyOf(layers);
    if (localRotary == null && layers.stream().anyMatch(l -> l.position() == Position.LOCAL)) {
      throw new IllegalArgumentException("localRotary must be given for layers that use it");
    }
  }

  public Design withActivation(Activation other) {
    return new Design(other, scales, caps, localRotary, rotaryWidth, queryGrowth, layers);
  }

  public Design withScales(Scales other) {
    return new Design(activation, other, caps, localRotary, rotaryWidth, queryGrowth, layers);
  }

  public Design withCaps(Caps other) {
    return new Design(activation, scales, other, localRotary, rotaryWidth, queryGrowth, layers);
  }

  public Design withRotaryWidth(int other) {
    return new Design(activation, scales, caps, localRotary, other, queryGrowth, layers);
  }

  public Design withQueryGrowth(QueryGrowth other) {
    return new Design(activation, scales, caps, localRotary, rotaryWidth, other, layers);
  }

  /**
   * @param local rotary embedding of local layers, or null without any
   */
  public Design withLayers(List<Layer> others, Rotary local) {
    return new Design(activation, scales, caps, local, rotaryWidth, queryGrowth, others);
  }
}

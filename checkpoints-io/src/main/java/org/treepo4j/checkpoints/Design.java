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
 * @param deltaRule of the layers that are {@link Layer#LINEAR}; null without such layers
 * @param experts of the feed-forward layers; null where they are dense
 */
public record Design(
    Activation activation,
    Scales scales,
    Caps caps,
    Rotary localRotary,
    int rotaryWidth,
    QueryGrowth queryGrowth,
    List<Layer> layers,
    DeltaRule deltaRule,
    Experts experts) {

  /** No departure. */
  public static final Design PLAIN =
      new Design(
          Activation.SILU,
          Scales.NONE,
          Caps.NONE,
          null,
          0,
          QueryGrowth.NONE,
          List.of(),
          null,
          null);

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
   * How one layer mixes tokens.
   *
   * @param window tokens that a token sees, itself included: key {@code j} is visible to query
   *     {@code i} if {@code i − j < window}, counted along the path; 0 for all
   * @param position how it tells positions apart
   * @param linear whether it has the gated delta rule of {@link Design#deltaRule} instead of
   *     attention; its order alone tells positions apart then
   */
  public record Layer(int window, Position position, boolean linear) {
    /** All ancestors, the rotary embedding of the model. */
    public static final Layer PLAIN = new Layer(0, Position.GLOBAL);

    /** The gated delta rule. */
    public static final Layer LINEAR = new Layer(0, Position.NONE, true);

    /** Attention. */
    public Layer(int window, Position position) {
      this(window, position, false);
    }

    public Layer {
      Objects.requireNonNull(position, "position");
      if (window < 0) {
        throw new IllegalArgumentException("window must not be negative, was " + window);
      }
      if (linear && (window != 0 || position != Position.NONE)) {
        throw new IllegalArgumentException("a linear layer has neither window nor positions");
      }
    }
  }

  /**
   * Linear attention by the gated delta rule (Yang et al. 2024, arXiv 2412.06464): a state for each
   * value head, a causal convolution of queries, keys and values before it, a gated norm after it.
   *
   * @param keyHeads query and key heads
   * @param valueHeads value heads, each with a state {@code [keyDim × valueDim]}; a multiple of
   *     {@code keyHeads}
   * @param keyDim width of a query or key head
   * @param valueDim width of a value head
   * @param convWidth inputs of the convolution, the present one included
   */
  public record DeltaRule(int keyHeads, int valueHeads, int keyDim, int valueDim, int convWidth) {
    public DeltaRule {
      positive("keyHeads", keyHeads);
      positive("valueHeads", valueHeads);
      positive("keyDim", keyDim);
      positive("valueDim", valueDim);
      positive("convWidth", convWidth);
      if (valueHeads % keyHeads != 0) {
        throw new IllegalArgumentException(
            "valueHeads of the delta rule must be a multiple of its keyHeads %d, was %d"
                .formatted(keyHeads, valueHeads));
      }
      long channels = 2L * keyHeads * keyDim + (long) valueHeads * valueDim;
      long state = (long) valueHeads * valueDim * keyDim;
      if (channels > Integer.MAX_VALUE || state > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "heads of the delta rule are too many or too wide: %d channels, %d numbers of state"
                .formatted(channels, state));
      }
    }

    private static void positive(String name, int value) {
      if (value <= 0) {
        throw new IllegalArgumentException(
            name + " of the delta rule must be positive, was " + value);
      }
    }

    /** Width of all query (or key) heads together. */
    public int keySize() {
      return keyHeads * keyDim;
    }

    /** Width of all value heads together. */
    public int valueSize() {
      return valueHeads * valueDim;
    }

    /** Channels of the convolution: queries, keys and values. */
    public int convSize() {
      return 2 * keySize() + valueSize();
    }

    /** Value heads that share a query and key head. */
    public int group() {
      return valueHeads / keyHeads;
    }
  }

  /**
   * A mixture of experts (Shazeer et al. 2017) in every feed-forward layer: a token goes to the
   * experts of highest probability and gets their outputs by these.
   *
   * @param count experts of a layer
   * @param perToken experts a token goes to
   * @param width of an expert
   * @param normalised whether the probabilities of the chosen are divided by their sum
   */
  public record Experts(int count, int perToken, int width, boolean normalised) {
    public Experts {
      if (count <= 0 || width <= 0) {
        throw new IllegalArgumentException(
            "experts must be positive in count and width, were %d of %d".formatted(count, width));
      }
      if (perToken <= 0 || perToken > count) {
        throw new IllegalArgumentException(
            "experts per token must be between 1 and " + count + ", were " + perToken);
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
    if (layers.stream().anyMatch(Layer::linear) != (deltaRule != null)) {
      throw new IllegalArgumentException("deltaRule must be given if there are linear layers");
    }
  }

  public Design withActivation(Activation other) {
    return new Design(
        other, scales, caps, localRotary, rotaryWidth, queryGrowth, layers, deltaRule, experts);
  }

  public Design withScales(Scales other) {
    return new Design(
        activation, other, caps, localRotary, rotaryWidth, queryGrowth, layers, deltaRule, experts);
  }

  public Design withCaps(Caps other) {
    return new Design(
        activation,
        scales,
        other,
        localRotary,
        rotaryWidth,
        queryGrowth,
        layers,
        deltaRule,
        experts);
  }

  public Design withRotaryWidth(int other) {
    return new Design(
        activation, scales, caps, localRotary, other, queryGrowth, layers, deltaRule, experts);
  }

  public Design withQueryGrowth(QueryGrowth other) {
    return new Design(
        activation, scales, caps, localRotary, rotaryWidth, other, layers, deltaRule, experts);
  }

  /**
   * @param local rotary embedding of local layers, or null without any
   */
  public Design withLayers(List<Layer> others, Rotary local) {
    return new Design(
        activation, scales, caps, local, rotaryWidth, queryGrowth, others, null, experts);
  }

  /**
   * @param others of which some are linear
   * @param rule theirs
   */
  public Design withHybridLayers(List<Layer> others, DeltaRule rule) {
    return new Design(
        activation, scales, caps, localRotary, rotaryWidth, queryGrowth, others, rule, experts);
  }

  /**
   * @param mixture null for dense layers
   */
  public Design withExperts(Experts mixture) {
    return new Design(
        activation,
        scales,
        caps,
        localRotary,
        rotaryWidth,
        queryGrowth,
        layers,
        deltaRule,
        mixture);
  }
}

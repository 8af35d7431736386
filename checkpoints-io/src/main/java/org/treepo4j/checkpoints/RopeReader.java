package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.treepo4j.checkpoints.Design.QueryGrowth;
import org.treepo4j.checkpoints.Design.Rotary;

/**
 * The rotary embedding of a {@code config.json}: {@code rope_theta} and {@code rope_scaling} as
 * before transformers 5, or {@code rope_parameters} as since, for all layers or by layer type.
 *
 * @param global of full attention
 * @param local of sliding attention, for the families that have it; null for the others
 * @param width elements of a head that are rotated, 0 for all
 * @param growth growth of queries with their position
 */
record RopeReader(Rotary global, Rotary local, int width, QueryGrowth growth) {
  private static final double DEFAULT_THETA = 10_000;
  private static final double GEMMA3_THETA = 1_000_000;
  private static final double MINISTRAL3_THETA = 1_000_000;
  private static final double SMOLLM3_THETA = 2_000_000;
  private static final double OLMO3_THETA = 500_000;
  private static final double QWEN3_5_FRACTION = 0.25;
  private static final int PHI3_ORIGINAL = 4096;
  private static final double YARN_BETA_FAST = 32;
  private static final double YARN_BETA_SLOW = 1;
  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";
  private static final String FRACTION = "partial_rotary_factor";
  private static final String ORIGINAL = "original_max_position_embeddings";

  /**
   * @param headDim width of a head
   * @param maxPositions longest sequence
   */
  static RopeReader read(JsonFields config, Architecture family, int headDim, int maxPositions)
      throws CheckpointException {
    int unsaid = family == Architecture.PHI3 ? PHI3_ORIGINAL : 0;
    int original = hasLocal(family) ? 0 : config.positiveInt(ORIGINAL, unsaid);
    JsonFields scaling = config.has("rope_scaling") ? config.object("rope_scaling") : null;
    double theta = config.positive("rope_theta", theta(family));
    if (scaling != null && scaling.has("rope_theta")) {
      double inside = scaling.positive("rope_theta", theta);
      if (config.has("rope_theta") && inside != theta) {
        throw config.refused("rope_theta contradicts rope_scaling.rope_theta");
      }
      theta = inside;
    }
    Rotary old = new Rotary(theta, scaling(family, scaling, maxPositions, original));
    JsonFields parameters = config.has("rope_parameters") ? config.object("rope_parameters") : null;
    boolean nested = parameters != null && nested(parameters);
    if (nested && !hasLocal(family)) {
      throw config.refused("rope_parameters per layer type are not supported");
    }
    if (parameters != null && !nested && hasLocal(family)) {
      // Transformers takes no notice of them.
      throw config.refused("rope_parameters are expected per layer type in " + family.modelType());
    }
    if (parameters == null && scaling == null && family == Architecture.MINISTRAL3) {
      throw config.refused("rope_parameters is missing");
    }
    Rotary global = old;
    Rotary local = null;
    if (hasLocal(family)) {
      JsonFields full = nested ? section(parameters, FULL) : null;
      JsonFields sliding = nested ? section(parameters, SLIDING) : null;
      double localTheta =
          family == Architecture.GEMMA3
              ? config.positive("rope_local_base_freq", DEFAULT_THETA)
              : theta;
      global = full == null ? old : rotary(family, full, theta, maxPositions, 0);
      local =
          sliding == null
              ? new Rotary(localTheta, RopeScaling.NONE)
              : rotary(family, sliding, localTheta, maxPositions, 0);
    } else if (parameters != null) {
      global = rotary(family, parameters, theta, maxPositions, original);
    }
    boolean otherTheta = config.has("rope_theta") && theta != global.theta();
    boolean otherScaling = scaling != null && !old.equals(global);
    if (parameters != null && (otherTheta || otherScaling)) {
      throw config.refused("rope_theta/rope_scaling contradict rope_parameters");
    }
    JsonFields flat = parameters == null ? scaling : parameters;
    int width = width(config, flat, family, headDim);
    int pairs = (width == 0 ? headDim : width) / 2;
    if (global.scaling() instanceof RopeScaling.LongRope rope
        && rope.shortFactors().size() != pairs) {
      throw flat.refused(
          "%sshort_factor has %d numbers for the %d pairs of a head that are rotated"
              .formatted(flat.prefix(), rope.shortFactors().size(), pairs));
    }
    return new RopeReader(global, local, width, growth(family, flat, maxPositions, original));
  }

  private static boolean hasLocal(Architecture family) {
    return family == Architecture.GEMMA3 || family == Architecture.OLMO3;
  }

  private static double theta(Architecture family) {
    return switch (family) {
      case GEMMA3 -> GEMMA3_THETA;
      case MINISTRAL3 -> MINISTRAL3_THETA;
      case SMOLLM3 -> SMOLLM3_THETA;
      case OLMO3 -> OLMO3_THETA;
      default -> DEFAULT_THETA;
    };
  }

  private static boolean nested(JsonFields parameters) {
    for (JsonNode value : parameters.object()) {
      if (value.isObject()) {
        return true;
      }
    }
    return false;
  }

  /** Parameters of one layer type, or null where the default is meant. */
  private static JsonFields section(JsonFields parameters, String layerType)
      throws CheckpointException {
    for (String key :
        ((ObjectNode) parameters.object()).propertyStream().map(e -> e.getKey()).toList()) {
      if (!key.equals(FULL) && !key.equals(SLIDING)) {
        throw parameters.refused("rope_parameters of " + quoted(key) + " are not supported");
      }
    }
    return parameters.has(layerType) ? parameters.object(layerType) : null;
  }

  private static Rotary rotary(
      Architecture family, JsonFields parameters, double theta, int maxPositions, int original)
      throws CheckpointException {
    return new Rotary(
        parameters.positive("rope_theta", theta),
        scaling(family, parameters, maxPositions, original));
  }

  /**
   * The length of texts before scaling.
   *
   * @param outer what {@code config.json} says of it beside the scaling, which transformers takes
   *     in any family unless scaling goes by layer type; 0 where it says nothing
   */
  private static int original(JsonFields rope, int maxPositions, int outer)
      throws CheckpointException {
    int inner = rope.positiveInt(ORIGINAL, outer == 0 ? maxPositions : outer);
    if (outer != 0 && inner != outer) {
      throw rope.refused(
          "%s%s is %d, but %s %d".formatted(rope.prefix(), ORIGINAL, inner, ORIGINAL, outer));
    }
    return inner;
  }

  private static int width(JsonFields config, JsonFields rope, Architecture family, int headDim)
      throws CheckpointException {
    double fraction =
        config.number(FRACTION, family == Architecture.QWEN3_5 ? QWEN3_5_FRACTION : 1);
    if (rope != null) {
      fraction = rope.number(FRACTION, fraction);
      for (String layerType : List.of(FULL, SLIDING)) {
        if (rope.object().path(layerType).isObject()
            && rope.object(layerType).number(FRACTION, 1) != 1) {
          throw rope.refused(layerType + "." + FRACTION + " other than 1 is not supported");
        }
      }
    }
    if (fraction == 1) {
      return 0;
    }
    int width = (int) (headDim * fraction);
    if (family != Architecture.PHI3 && family != Architecture.QWEN3_5) {
      throw config.refused(FRACTION + " other than 1 is not supported in " + family.modelType());
    }
    if (width <= 0 || width > headDim || width % 2 != 0) {
      throw config.refused(
          "%s %s rotates %d of %d elements of a head, expected an even number of at least 2 and at most %d"
              .formatted(FRACTION, fraction, width, headDim, headDim));
    }
    return width == headDim ? 0 : width;
  }

  private static QueryGrowth growth(
      Architecture family, JsonFields rope, int maxPositions, int original)
      throws CheckpointException {
    if (family != Architecture.MINISTRAL3 || rope == null || !rope.has("llama_4_scaling_beta")) {
      return QueryGrowth.NONE;
    }
    double beta = rope.number("llama_4_scaling_beta");
    return beta == 0
        ? QueryGrowth.NONE
        : new QueryGrowth(beta, original(rope, maxPositions, original));
  }

  private static RopeScaling scaling(
      Architecture family, JsonFields rope, int maxPositions, int original)
      throws CheckpointException {
    if (rope == null) {
      return RopeScaling.NONE;
    }
    String type = rope.text("rope_type", rope.text("type", "default"));
    boolean phi3 = family == Architecture.PHI3;
    if (phi3 && !List.of("default", "longrope", "su").contains(type)) {
      throw rope.refused(
          "rope type " + quoted(type) + " is not supported in phi3, expected default or longrope");
    }
    try {
      if (phi3 && !type.equals("default")) {
        return longRope(rope, maxPositions, original(rope, maxPositions, original));
      }
      return switch (type) {
        case "default" -> RopeScaling.NONE;
        case "linear" -> new RopeScaling.Linear(rope.number("factor"));
        case "llama3" ->
            new RopeScaling.Llama3(
                rope.number("factor"),
                rope.number("low_freq_factor"),
                rope.number("high_freq_factor"),
                original(rope, maxPositions, original));
        case "yarn" -> {
          if (hasLocal(family) && !rope.flag("truncate", true)) {
            // Versions of transformers differ in whether they take notice of it.
            throw rope.refused(
                rope.prefix() + "truncate false is not supported in " + family.modelType());
          }
          yield yarn(rope, maxPositions, original(rope, maxPositions, original));
        }
        case "longrope" -> factors(rope);
        default ->
            throw rope.refused(
                "rope type "
                    + quoted(type)
                    + " is not supported, expected default, linear, llama3, yarn or longrope");
      };
    } catch (IllegalArgumentException e) {
      String section = rope.prefix().substring(0, rope.prefix().length() - 1);
      throw new CheckpointException(rope.file(), section + ": " + e.getMessage(), e);
    }
  }

  /** One list of factors for texts of any length; what else longrope can do is refused. */
  private static RopeScaling factors(JsonFields rope) throws CheckpointException {
    boolean same = rope.object().path("short_factor").equals(rope.object().path("long_factor"));
    if (!same || rope.number("attention_factor", 0) != 1) {
      throw rope.refused(
          "rope type \"longrope\" is not supported, but with short_factor and long_factor the same"
              + " and attention_factor 1");
    }
    return new RopeScaling.Factors(rope.numbers("long_factor"));
  }

  private static RopeScaling longRope(JsonFields rope, int maxPositions, int original)
      throws CheckpointException {
    double factor = rope.number("factor", (double) maxPositions / original);
    double attention = RopeScaling.LongRope.attentionFactor(factor, original);
    return new RopeScaling.LongRope(
        rope.numbers("short_factor"),
        rope.numbers("long_factor"),
        rope.number("attention_factor", attention),
        original,
        maxPositions);
  }

  private static RopeScaling yarn(JsonFields rope, int maxPositions, int original)
      throws CheckpointException {
    double factor = rope.number("factor", (double) maxPositions / original);
    double mscale = rope.number("mscale", 0);
    double mscaleAllDim = rope.number("mscale_all_dim", 0);
    double attention =
        mscale != 0 && mscaleAllDim != 0
            ? RopeScaling.Yarn.attentionFactor(factor, mscale)
                / RopeScaling.Yarn.attentionFactor(factor, mscaleAllDim)
            : RopeScaling.Yarn.attentionFactor(factor, 1);
    return new RopeScaling.Yarn(
        factor,
        orDefault(rope.number("beta_fast", 0), YARN_BETA_FAST),
        orDefault(rope.number("beta_slow", 0), YARN_BETA_SLOW),
        original,
        rope.number("attention_factor", attention),
        rope.flag("truncate", true));
  }

  private static double orDefault(double value, double otherwise) {
    return value == 0 ? otherwise : value;
  }
}

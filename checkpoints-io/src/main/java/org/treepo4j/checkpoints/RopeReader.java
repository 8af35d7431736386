package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * The rotary embedding of a {@code config.json}: {@code rope_theta} and {@code rope_scaling} as
 * before transformers 5, or {@code rope_parameters} as since.
 */
record RopeReader(double theta, RopeScaling scaling) {
  private static final double DEFAULT_THETA = 10_000;

  static RopeReader read(JsonFields config) throws CheckpointException {
    if (config.number("partial_rotary_factor", 1) != 1) {
      throw config.refused("partial_rotary_factor other than 1 is not supported");
    }
    RopeReader before = null;
    if (config.has("rope_theta") || config.has("rope_scaling")) {
      before =
          new RopeReader(
              config.number("rope_theta", DEFAULT_THETA),
              config.has("rope_scaling")
                  ? scaling(config.object("rope_scaling"))
                  : RopeScaling.NONE);
    }
    if (!config.has("rope_parameters")) {
      return before == null ? new RopeReader(DEFAULT_THETA, RopeScaling.NONE) : before;
    }
    JsonFields parameters = config.object("rope_parameters");
    for (JsonNode value : parameters.object()) {
      if (value.isObject()) {
        throw config.refused("rope_parameters per layer type are not supported");
      }
    }
    RopeReader since =
        new RopeReader(
            parameters.number("rope_theta", before == null ? DEFAULT_THETA : before.theta()),
            scaling(parameters));
    if (before != null && !before.equals(since)) {
      throw config.refused("rope_theta/rope_scaling contradict rope_parameters");
    }
    return since;
  }

  private static RopeScaling scaling(JsonFields rope) throws CheckpointException {
    String type = rope.text("rope_type", rope.text("type", "default"));
    if (rope.number("partial_rotary_factor", 1) != 1) {
      throw rope.refused("partial_rotary_factor other than 1 is not supported");
    }
    try {
      return switch (type) {
        case "default" -> RopeScaling.NONE;
        case "linear" -> new RopeScaling.Linear(rope.number("factor"));
        case "llama3" ->
            new RopeScaling.Llama3(
                rope.number("factor"),
                rope.number("low_freq_factor"),
                rope.number("high_freq_factor"),
                rope.positiveInt("original_max_position_embeddings"));
        case "longrope" -> factors(rope);
        default ->
            throw rope.refused(
                "rope type "
                    + quoted(type)
                    + " is not supported, expected default, linear, llama3 or longrope");
      };
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(rope.file(), e.getMessage(), e);
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
}

package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What PEFT's {@code adapter_config.json} says of the mathematics of an adapter. Everything that
 * makes it other than {@code W + scale · B · A} on the untouched base is refused by its name.
 *
 * @param file named in errors
 * @param rank inner width of the modules without one of their own
 * @param alpha numerator of the scale of the modules without one of their own
 * @param rootOfRank whether the scale is alpha / √rank (rsLoRA, arXiv 2312.03732)
 * @param ranks ranks of their own, by PEFT's patterns of module names
 * @param alphas alphas of their own, likewise
 * @param targets names of target modules; empty where a pattern names them
 */
record PeftConfig(
    Path file,
    int rank,
    double alpha,
    boolean rootOfRank,
    Map<Pattern, Double> ranks,
    Map<Pattern, Double> alphas,
    List<String> targets) {
  private static final int MAX_BYTES = 1 << 20;

  /**
   * Ways to begin an adapter that leave the base as it is. The others (PiSSA, OLoRA, CorDA,
   * LoRA-GA, LoftQ, …) take a part out of the base, and their matrices mean nothing on the
   * untouched one.
   */
  private static final Set<String> PLAIN_STARTS = Set.of("true", "false", "gaussian", "eva");

  /** Settings under which the adapter is not plain, where they say more than nothing. */
  private static final List<String> OTHER_MATHEMATICS =
      List.of(
          "modules_to_save",
          "layer_replication",
          "trainable_token_indices",
          "target_parameters",
          "alora_invocation_tokens",
          "arrow_config",
          "megatron_config");

  /** Any target: those of the file are known when its matrices are. */
  private static final List<String> PLAIN_TARGET = List.of("q_proj");

  /** Flags {@code use_…} that change nothing, or that are read. */
  private static final Set<String> PLAIN_FLAGS = Set.of("use_rslora");

  static PeftConfig read(Path file) throws CheckpointException {
    JsonFields json = new JsonFields(file, "", HostileJson.readObject(file, MAX_BYTES));
    if (!json.text("peft_type").equals("LORA")) {
      throw json.unexpected("peft_type", "LORA");
    }
    refuseStart(json);
    for (String name : (Iterable<String>) json.object()::fieldNames) {
      boolean flag = name.startsWith("use_") && !PLAIN_FLAGS.contains(name);
      if (flag && json.object().get(name).asBoolean()) {
        throw json.refused(name + " is not supported");
      }
    }
    for (String variant : List.of("fan_in_fan_out", "lora_bias")) {
      if (json.flag(variant, false)) {
        throw json.refused(variant + " is not supported");
      }
    }
    if (!json.text("bias", "none").equals("none")) {
      throw json.unexpected("bias", "none");
    }
    for (String name : OTHER_MATHEMATICS) {
      JsonNode value = json.object().path(name);
      if (json.has(name) && !(value.isContainerNode() && value.isEmpty())) {
        throw json.refused(name + " is not supported");
      }
    }
    int rank = json.positiveInt("r");
    double alpha = json.number("lora_alpha");
    try {
      new AdapterConfig(rank, alpha, PLAIN_TARGET); // bounds of both, before anything is read
    } catch (IllegalArgumentException e) {
      throw json.refused(e.getMessage());
    }
    return new PeftConfig(
        file,
        rank,
        alpha,
        json.flag("use_rslora", false),
        patterns(json, "rank_pattern"),
        patterns(json, "alpha_pattern"),
        json.object().path("target_modules").isTextual()
            ? List.of()
            : json.texts("target_modules"));
  }

  private static void refuseStart(JsonFields json) throws CheckpointException {
    if (!json.has("init_lora_weights")) { // plain, as in files older than the field
      return;
    }
    String start = json.object().get("init_lora_weights").asText();
    if (!PLAIN_STARTS.contains(start)) {
      throw json.refused(
          "init_lora_weights %s is not supported: such an adapter changes the base it is trained on; convert it to plain LoRA, or merge it, where it was trained"
              .formatted(quoted(start)));
    }
  }

  private static Map<Pattern, Double> patterns(JsonFields json, String field)
      throws CheckpointException {
    Map<Pattern, Double> patterns = new LinkedHashMap<>();
    if (!json.has(field)) {
      return patterns;
    }
    JsonFields object = json.object(field);
    for (String key : (Iterable<String>) object.object()::fieldNames) {
      double value = object.number(key);
      if (!(value > 0)) {
        throw object.unexpected(key, "a positive number");
      }
      try {
        patterns.put(Pattern.compile("(.*\\.)?(" + key + ")"), value);
      } catch (PatternSyntaxException e) {
        throw json.refused(field + ": " + quoted(key) + " is no pattern");
      }
    }
    return patterns;
  }

  /** The rank of a module such as {@code model.layers.0.self_attn.q_proj}. */
  int rank(String module) {
    return (int) first(ranks, module, rank);
  }

  /** What B · A counts in a module. */
  double scale(String module) {
    int of = rank(module);
    return first(alphas, module, alpha) / (rootOfRank ? Math.sqrt(of) : of);
  }

  /** PEFT takes the first pattern that matches the end of the name. */
  private static double first(Map<Pattern, Double> patterns, String module, double otherwise) {
    for (Map.Entry<Pattern, Double> entry : patterns.entrySet()) {
      if (entry.getKey().matcher(module).matches()) {
        return entry.getValue();
      }
    }
    return otherwise;
  }

  /** The settings of an adapter with these pairs. */
  AdapterConfig of(List<PeftAdapter.Pair> pairs) throws CheckpointException {
    if (pairs.isEmpty()) {
      throw new CheckpointException(file, "is of an adapter without any LoRA matrices");
    }
    List<String> modules =
        targets.isEmpty()
            ? pairs.stream().map(PeftAdapter.Pair::projection).distinct().toList()
            : targets;
    try {
      return new AdapterConfig(rank, alpha, modules);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(file, e.getMessage(), e);
    }
  }
}

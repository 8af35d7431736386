package org.treepo4j.model;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.checkpoints.AdapterConfig;
import org.treepo4j.checkpoints.ModelConfig;

/** Low-rank adaptation (arXiv 2106.09685): which weights get adapters, and of what rank. */
public record LoraSettings(
    @Setting(value = "rank of the adapters; 0 trains all weights instead", max = 4096) int rank,
    @Setting(value = "the adapters' product counts alpha / rank (PEFT: lora_alpha)", max = 1e6)
        double alpha,
    @Setting(
            "which projections get adapters: all-linear for every one of every layer; or q_proj,"
                + " k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head; qkv_proj,"
                + " gate_up_proj where a family fuses them; in_proj_qkv, in_proj_z, in_proj_b,"
                + " in_proj_a, out_proj of linear layers")
        List<String> targetModules,
    @Setting(
            "keep the frozen base of adapted weights in bf16: half the memory, and exact for weights"
                + " that were bf16 on disk; others are rounded")
        boolean bf16Base) {

  /** Stands for every projection of every layer, as in PEFT. */
  private static final String ALL = "all-linear";

  /** Every projection of a layer with attention. */
  private static final List<String> LAYER_PROJECTIONS =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

  private static final List<String> FEED_FORWARD = LAYER_PROJECTIONS.subList(4, 7);

  /** Every projection of a linear layer. */
  private static final List<String> LINEAR_PROJECTIONS =
      List.of("in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a", "out_proj");

  /** What families that fuse projections have instead of some of them. */
  private static final Map<String, String> FUSED =
      Map.of(
          "q_proj", "qkv_proj",
          "k_proj", "qkv_proj",
          "v_proj", "qkv_proj",
          "gate_proj", "gate_up_proj",
          "up_proj", "gate_up_proj");

  private static final String HEAD = "lm_head";

  public LoraSettings {
    if (rank < 0) {
      throw new IllegalArgumentException("rank must be positive, or 0 for none, was " + rank);
    }
    if (!(alpha > 0) || Double.isInfinite(alpha)) {
      throw new IllegalArgumentException("alpha must be a positive number, was " + alpha);
    }
    targetModules = List.copyOf(new LinkedHashSet<>(targetModules));
    if (rank > 0 && targetModules.isEmpty()) {
      throw new IllegalArgumentException("targetModules must name at least one projection");
    }
    for (String module : targetModules) {
      if (!LAYER_PROJECTIONS.contains(module)
          && !LINEAR_PROJECTIONS.contains(module)
          && !FUSED.containsValue(module)
          && !module.equals(ALL)
          && !module.equals(HEAD)) {
        throw new IllegalArgumentException(
            "targetModules must be among "
                + String.join(", ", LAYER_PROJECTIONS)
                + ", qkv_proj, gate_up_proj, "
                + String.join(", ", LINEAR_PROJECTIONS)
                + ", "
                + HEAD
                + ", "
                + ALL
                + ", was "
                + module);
      }
    }
  }

  /** No adapters; with a rank, every projection of every layer. */
  public static LoraSettings defaults() {
    return new LoraSettings(0, 16, List.of(ALL), false);
  }

  /** The settings a stored adapter was trained with. */
  public static LoraSettings of(AdapterConfig stored) {
    return new LoraSettings(stored.rank(), stored.alpha(), stored.targetModules(), false);
  }

  /**
   * The settings for a model: its own projections stand for all of them, and where it fuses some,
   * the fused ones for those they hold.
   */
  public LoraSettings of(ModelConfig model) {
    List<String> modules = new ArrayList<>();
    for (String name : targetModules) {
      if (name.equals(ALL)) {
        modules.addAll(model.attentionLayers() == 0 ? FEED_FORWARD : LAYER_PROJECTIONS);
        modules.addAll(model.design().deltaRule() == null ? List.of() : LINEAR_PROJECTIONS);
      } else {
        modules.add(name);
      }
    }
    if (model.architecture().fusedProjections()) {
      modules.replaceAll(name -> FUSED.getOrDefault(name, name));
    }
    return new LoraSettings(rank, alpha, modules, bf16Base);
  }

  /** Whether adapters are trained rather than all weights. */
  public boolean enabled() {
    return rank > 0;
  }

  /** What the product of the adapters is multiplied by, {@code alpha / rank}. */
  public double scale() {
    return alpha / rank;
  }
}

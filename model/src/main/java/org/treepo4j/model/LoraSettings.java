package org.treepo4j.model;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.checkpoints.AdapterConfig;
import org.treepo4j.checkpoints.Architecture;

/** Low-rank adaptation (arXiv 2106.09685): which weights get adapters, and of what rank. */
public record LoraSettings(
    @Setting(value = "rank of the adapters; 0 trains all weights instead", max = 4096) int rank,
    @Setting(value = "the adapters' product counts alpha / rank (PEFT: lora_alpha)", max = 1e6)
        double alpha,
    @Setting(
            "which projections get adapters: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj,"
                + " down_proj, lm_head; or qkv_proj, gate_up_proj where a family fuses them")
        List<String> targetModules,
    @Setting(
            "keep the frozen base of adapted weights in bf16: half the memory, and exact for weights"
                + " that were bf16 on disk; others are rounded")
        boolean bf16Base) {

  /** Every projection of a layer. */
  private static final List<String> LAYER_PROJECTIONS =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

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
          && !FUSED.containsValue(module)
          && !module.equals(HEAD)) {
        throw new IllegalArgumentException(
            "targetModules must be among "
                + String.join(", ", LAYER_PROJECTIONS)
                + ", qkv_proj, gate_up_proj, "
                + HEAD
                + ", was "
                + module);
      }
    }
  }

  /** No adapters; with a rank, every projection of every layer. */
  public static LoraSettings defaults() {
    return new LoraSettings(0, 16, LAYER_PROJECTIONS, false);
  }

  /** The settings a stored adapter was trained with. */
  public static LoraSettings of(AdapterConfig stored) {
    return new LoraSettings(stored.rank(), stored.alpha(), stored.targetModules(), false);
  }

  /**
   * The settings for a model of that family: where it fuses projections, the fused ones stand for
   * those they hold.
   */
  LoraSettings of(Architecture family) {
    if (!family.fusedProjections()) {
      return this;
    }
    List<String> modules =
        targetModules.stream().map(name -> FUSED.getOrDefault(name, name)).toList();
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

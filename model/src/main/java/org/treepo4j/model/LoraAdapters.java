package org.treepo4j.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.treepo4j.checkpoints.AdapterConfig;
import org.treepo4j.checkpoints.PeftAdapter;

/**
 * Low-rank adapters (LoRA, arXiv 2106.09685) for the matrices of a model.
 *
 * <pre>
 *   adapters = LoraAdapters.attach(base, settings, seed);
 *   model    = an engine on adapters.modelWeights();
 *   optimiser and gradient clipping on adapters.adapterWeights();
 *   every update: forward and backward passes; step; model.weightsChanged();
 * </pre>
 *
 * <p>The base is frozen and not copied. What an engine makes of an adapted matrix is its own choice
 * ({@link LoraAdapter}). Dropout is not offered.
 */
public final class LoraAdapters {
  private static final String PEFT_PREFIX = "base_model.model.";
  private static final String WEIGHT = ".weight";

  private final LoraSettings settings;
  private final Weights modelWeights;
  private final Weights adapterWeights;
  private final List<LoraAdapter> adapters = new ArrayList<>();

  private LoraAdapters(Weights base, LoraSettings settings, long seed) {
    this.settings = settings;
    SplittableRandom seeds = new SplittableRandom(seed);
    List<Parameter> ofModel = new ArrayList<>();
    List<Parameter> ofAdapters = new ArrayList<>();
    for (Parameter parameter : base.parameters()) {
      if (!settings.targetModules().contains(module(parameter.name()))) {
        ofModel.add(new Parameter(parameter.name(), parameter.shape(), parameter.values(), false));
        continue;
      }
      FrozenBase kept =
          settings.bf16Base()
              ? FrozenBase.bf16(parameter.values())
              : FrozenBase.float32(parameter.values());
      String module =
          PEFT_PREFIX + parameter.name().substring(0, parameter.name().length() - WEIGHT.length());
      LoraAdapter adapter =
          new LoraAdapter(
              parameter.name(), parameter.shape(), kept, module, settings, seeds.nextLong());
      adapters.add(adapter);
      ofModel.add(new Parameter(parameter.name(), parameter.shape(), adapter));
      ofAdapters.add(adapter.a());
      ofAdapters.add(adapter.b());
    }
    this.modelWeights =
        new Weights(base.config(), ofModel).withRotaryPrecision(base.rotaryPrecision());
    this.adapterWeights = new Weights(base.config(), ofAdapters);
  }

  /**
   * Fresh adapters, which change nothing until they are trained.
   *
   * <p>In a family that fuses projections the fused ones are adapted, as PEFT does.
   *
   * @param base the weights to adapt; their arrays are not copied
   * @param seed of the start of A
   * @throws IllegalArgumentException when adapters are switched off or the model has no projection
   *     of a target's name
   */
  public static LoraAdapters attach(Weights base, LoraSettings given, long seed) {
    LoraSettings settings = given.of(base.config());
    if (!settings.enabled()) {
      throw new IllegalArgumentException("rank must be positive to attach adapters, was 0");
    }
    for (String target : settings.targetModules()) {
      if (base.parameters().stream().noneMatch(p -> module(p.name()).equals(target))) {
        throw new IllegalArgumentException(
            "targetModules must name projections of the model, which has no " + target);
      }
    }
    return new LoraAdapters(base, settings, seed);
  }

  /**
   * Merges a stored adapter, whose matrices may have ranks and scales of their own.
   *
   * @param base changed in place
   * @return {@code base}
   * @throws IllegalArgumentException naming a matrix that the model does not have, or has in
   *     another shape; nothing is changed then
   */
  public static Weights merge(PeftAdapter stored, Weights base) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    base.parameters().forEach(parameter -> parameters.put(parameter.name(), parameter));
    for (PeftAdapter.Pair pair : stored.pairs()) {
      Parameter weight = parameters.get(pair.weight());
      if (weight == null) {
        throw new IllegalArgumentException(
            "adapter must adapt weights of the model, which has no " + pair.weight());
      }
      if (weight.shape()[0] != pair.out() || weight.shape()[1] != pair.in()) {
        throw new IllegalArgumentException(
            "adapter of %s must be for [%d, %d], was for [%d, %d]"
                .formatted(
                    pair.weight(), weight.shape()[0], weight.shape()[1], pair.out(), pair.in()));
      }
    }
    stored.pairs().forEach(pair -> LoraAdapter.merge(pair, parameters.get(pair.weight())));
    return base;
  }

  /** The last name before {@code .weight}: {@code q_proj}; empty for biases. */
  private static String module(String name) {
    if (!name.endsWith(WEIGHT)) {
      return "";
    }
    String module = name.substring(0, name.length() - WEIGHT.length());
    return module.substring(module.lastIndexOf('.') + 1);
  }

  public LoraSettings settings() {
    return settings;
  }

  /** The weights to open an engine on: adapted matrices are trainable, all others frozen. */
  public Weights modelWeights() {
    return modelWeights;
  }

  /**
   * A and B of every adapted matrix by PEFT's tensor names, such as {@code
   * base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight}: what the optimiser updates,
   * gradient clipping measures and an adapter file holds.
   */
  public Weights adapterWeights() {
    return adapterWeights;
  }

  /** The adapters as PEFT stores them; the matrices stay live. */
  public PeftAdapter toPeft() {
    AdapterConfig config =
        new AdapterConfig(settings.rank(), settings.alpha(), settings.targetModules());
    return new PeftAdapter(config, adapters.stream().map(LoraAdapter::toPeft).toList());
  }

  /**
   * Takes over the matrices of a stored adapter.
   *
   * @throws IllegalArgumentException when it adapts other matrices, or has another rank or scale;
   *     nothing is changed then
   */
  public void load(PeftAdapter stored) {
    AdapterConfig config = stored.config();
    if (!stored.isUniform()) {
      throw new IllegalArgumentException("adapter must have one rank and scale for all matrices");
    }
    if (config.rank() != settings.rank() || config.alpha() != settings.alpha()) {
      throw new IllegalArgumentException(
          "adapter must have rank %d and alpha %s, had %d and %s"
              .formatted(settings.rank(), settings.alpha(), config.rank(), config.alpha()));
    }
    Map<String, PeftAdapter.Pair> pairs = new LinkedHashMap<>();
    stored.pairs().forEach(pair -> pairs.put(pair.weight(), pair));
    for (LoraAdapter adapter : adapters) {
      PeftAdapter.Pair pair = pairs.remove(adapter.matrix());
      if (pair == null) {
        throw new IllegalArgumentException("adapter must have matrices for " + adapter.matrix());
      }
      adapter.requireShape(pair);
    }
    if (!pairs.isEmpty()) {
      throw new IllegalArgumentException(
          "adapter must adapt what its target modules name, also had matrices for "
              + pairs.keySet().iterator().next());
    }
    stored.pairs().forEach(pair -> pairs.put(pair.weight(), pair));
    adapters.forEach(adapter -> adapter.load(pairs.get(adapter.matrix())));
  }

  /**
   * Ordinary weights with the adapters merged in, to sample from or to write. Where the base is in
   * float32 its arrays are overwritten: these adapters are of no use afterwards.
   */
  public Weights merge() {
    List<Parameter> merged = new ArrayList<>();
    for (Parameter parameter : modelWeights.parameters()) {
      LoraAdapter adapter = parameter.adapter();
      float[] values;
      if (adapter == null) {
        values = parameter.values();
      } else if (adapter.base() instanceof FrozenBase.Float32 base) {
        values = base.values();
        adapter.copyMerged(values);
      } else {
        values = parameter.mergedValues();
      }
      merged.add(new Parameter(parameter.name(), parameter.shape(), values, true));
    }
    return new Weights(modelWeights.config(), merged)
        .withRotaryPrecision(modelWeights.rotaryPrecision());
  }
}

package org.treepo4j.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.treepo4j.checkpoints.AdapterConfig;
import org.treepo4j.checkpoints.PeftAdapter;

/**
 * Low-rank adapters for any engine (LoRA, arXiv 2106.09685). The engine knows nothing of them: it
 * runs on weights into which the adapters are merged, and its gradient of a merged matrix, {@code
 * dW}, gives those of the adapters exactly: {@code dB = s·dW·Aᵀ}, {@code dA = s·Bᵀ·dW}.
 *
 * <pre>
 *   adapters = LoraAdapters.attach(base, settings, seed);
 *   model    = an engine on adapters.modelWeights();
 *   optimiser and gradient clipping on adapters.adapterWeights();
 *   every update: forward and backward passes; adapters.collectGradients();
 *                 step; adapters.mergeIntoWeights(); model.weightsChanged();
 * </pre>
 *
 * <p>Costs against an engine that computes adapters apart: a copy of the base of every adapted
 * matrix (4 bytes an element, 2 as bf16) and its full gradient (4 bytes), and {@code 3·rank·out·in}
 * multiplications an update, which is little beside a pass over more tokens than the rank. Saved
 * against training all weights: 8 bytes of optimiser moments an element, and everything for
 * matrices without an adapter. Dropout is not offered.
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
      boolean adapted = settings.targetModules().contains(module(parameter.name()));
      Parameter live =
          new Parameter(parameter.name(), parameter.shape(), parameter.values(), adapted);
      ofModel.add(live);
      if (adapted) {
        FrozenBase kept =
            settings.bf16Base()
                ? FrozenBase.bf16(live.values())
                : FrozenBase.float32(live.values());
        String name =
            PEFT_PREFIX + live.name().substring(0, live.name().length() - WEIGHT.length());
        LoraAdapter adapter = new LoraAdapter(live, kept, name, settings, seeds.nextLong());
        adapters.add(adapter);
        ofAdapters.add(adapter.a());
        ofAdapters.add(adapter.b());
      }
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
   * @param base the weights to adapt; their arrays go on to be those of {@link #modelWeights}
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

  /**
   * The weights to open an engine on: adapted matrices are trainable, so that the engine computes
   * their gradients; all others are frozen.
   */
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
   * Takes over the matrices of a stored adapter; then {@link #mergeIntoWeights}.
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
      PeftAdapter.Pair pair = pairs.remove(adapter.weight().name());
      if (pair == null) {
        throw new IllegalArgumentException(
            "adapter must have matrices for " + adapter.weight().name());
      }
      adapter.requireShape(pair);
    }
    if (!pairs.isEmpty()) {
      throw new IllegalArgumentException(
          "adapter must adapt what its target modules name, also had matrices for "
              + pairs.keySet().iterator().next());
    }
    stored.pairs().forEach(pair -> pairs.put(pair.weight(), pair));
    adapters.forEach(adapter -> adapter.load(pairs.get(adapter.weight().name())));
  }

  /** Writes {@code base + scale · B · A} into the model's weights; then tell the engine. */
  public void mergeIntoWeights() {
    adapters.forEach(LoraAdapter::merge);
  }

  /** Writes the base back into the model's weights, bit for bit; then tell the engine. */
  public void restoreBase() {
    adapters.forEach(LoraAdapter::restore);
  }

  /**
   * Adds what the engine has accumulated on the adapted matrices to the adapters' gradients, and
   * sets it to zero there. Gradients are linear in it, so once an update is enough.
   */
  public void collectGradients() {
    adapters.forEach(LoraAdapter::collectGradient);
  }
}

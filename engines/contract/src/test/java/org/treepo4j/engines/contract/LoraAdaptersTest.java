package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.treepo4j.checkpoints.AdapterConfig;
import org.treepo4j.checkpoints.Bf16;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.model.FrozenBase;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

class LoraAdaptersTest {
  private static final String QUERY = TensorNames.ofLayer(1, TensorNames.QUERY);
  private static final String PEFT_QUERY = "base_model.model.model.layers.1.self_attn.q_proj";

  @Property(tries = 20)
  void freshAdaptersChangeNothing(@ForAll TinyModels family, @ForAll long seed) {
    Weights base = family.weights(seed);
    List<float[]> before = copies(base);
    LoraAdapters adapters = LoraAdapters.attach(base, settings(3, "q_proj", "down_proj"), seed);
    assertThat(copies(adapters.merge())).usingRecursiveComparison().isEqualTo(before);
  }

  @Test
  void theBaseIsNotCopiedAndNotWritten() {
    Weights base = TinyModels.QWEN2.weights(1);
    float[] query = base.parameter(QUERY).values();
    float[] before = query.clone();
    LoraAdapters adapters = LoraAdapters.attach(base, settings(2, "q_proj"), 1);
    disturb(adapters, 1);
    Parameter live = adapters.modelWeights().parameter(QUERY);
    assertThat(live.mergedValues()).isNotEqualTo(before);
    assertThat(query).isEqualTo(before);
    assertThat(live.adapter().base()).isEqualTo(FrozenBase.float32(query));
    adapters.merge();
    assertThat(query).isNotEqualTo(before);
  }

  @Test
  void anEngineThatKnowsNothingOfAdaptersIsStopped() {
    LoraAdapters adapters =
        LoraAdapters.attach(TinyModels.QWEN2.weights(1), settings(2, "q_proj"), 1);
    Parameter adapted = adapters.modelWeights().parameter(QUERY);
    assertThatThrownBy(adapted::values)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(QUERY + " has an adapter and no values of its own");
    assertThatThrownBy(adapted::gradient).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aBf16BaseRoundsTheAdaptedWeightsOnly() {
    Weights base = TinyModels.LLAMA.weights(3);
    float[] gate = base.parameter(TensorNames.ofLayer(0, TensorNames.GATE)).values().clone();
    float[] query = base.parameter(QUERY).values().clone();
    LoraSettings settings = new LoraSettings(2, 8, List.of("q_proj"), true);
    Weights model = LoraAdapters.attach(base, settings, 1).merge();
    assertThat(model.parameter(TensorNames.ofLayer(0, TensorNames.GATE)).values()).isEqualTo(gate);
    for (int i = 0; i < query.length; i++) {
      query[i] = Bf16.toFloat(Bf16.fromFloat(query[i]));
    }
    assertThat(model.parameter(QUERY).values()).isEqualTo(query);
  }

  @Property(tries = 12)
  void gradientsAreTheSlopesOfAFunctionOfTheMergedWeights(
      @ForAll @IntRange(min = 1, max = 5) int rank, @ForAll long seed) {
    LoraAdapters adapters =
        LoraAdapters.attach(TinyModels.QWEN2.weights(seed), settings(rank, "q_proj"), seed);
    disturb(adapters, seed);
    Parameter weight = adapters.modelWeights().parameter(QUERY);
    float[] gradient = weight.mergedValues();
    double[] target = new Random(seed).doubles(gradient.length, -1, 1).toArray();
    for (int i = 0; i < target.length; i++) {
      gradient[i] -= (float) target[i];
    }
    weight.adapter().addGradient(gradient);
    for (String side : List.of(".lora_A.weight", ".lora_B.weight")) {
      Parameter parameter = adapters.adapterWeights().parameter(PEFT_QUERY + side);
      for (int i = 0; i < parameter.values().length; i += 3) {
        double high = shifted(weight, parameter, i, 1e-2f, target);
        double low = shifted(weight, parameter, i, -1e-2f, target);
        assertThat((double) parameter.gradient()[i])
            .isCloseTo((high - low) / 2e-2, within(1e-2 * (1 + Math.abs(high - low) / 2e-2)));
      }
    }
  }

  @Test
  void gradientsAccumulateUntilTheyAreZeroed() {
    LoraAdapters adapters =
        LoraAdapters.attach(TinyModels.LLAMA.weights(1), settings(2, "q_proj"), 1);
    disturb(adapters, 1);
    Parameter weight = adapters.modelWeights().parameter(QUERY);
    Parameter a = adapters.adapterWeights().parameter(PEFT_QUERY + ".lora_A.weight");
    float[] ones = new float[weight.mergedValues().length];
    Arrays.fill(ones, 1f);
    weight.adapter().addGradient(ones);
    float[] once = a.gradient().clone();
    weight.adapter().addGradient(ones);
    for (int i = 0; i < once.length; i++) {
      assertThat(a.gradient()[i]).isCloseTo(2 * once[i], within(1e-4f));
    }
    weight.zeroGradient();
    assertThat(a.gradient()).containsOnly(0);
  }

  @Test
  void onlyAdaptedMatricesAreTrainableAndOnlyAdaptersAreOptimised() {
    LoraAdapters adapters =
        LoraAdapters.attach(TinyModels.QWEN2.weights(1), settings(2, "q_proj", "v_proj"), 1);
    assertThat(
            adapters.modelWeights().parameters().stream()
                .filter(Parameter::trainable)
                .map(Parameter::name))
        .containsExactly(
            "model.layers.0.self_attn.q_proj.weight",
            "model.layers.0.self_attn.v_proj.weight",
            "model.layers.1.self_attn.q_proj.weight",
            "model.layers.1.self_attn.v_proj.weight");
    Parameter a = adapters.adapterWeights().parameter(PEFT_QUERY + ".lora_A.weight");
    Parameter b = adapters.adapterWeights().parameter(PEFT_QUERY + ".lora_B.weight");
    assertThat(a.shape()).containsExactly(2, TinyModels.QWEN2.config().hiddenSize());
    assertThat(b.shape()).containsExactly(TinyModels.QWEN2.config().querySize(), 2);
    assertThat(b.values()).containsOnly(0);
    assertThat(adapters.adapterWeights().parameters()).hasSize(8).allMatch(Parameter::trainable);
  }

  @Test
  void theSameSeedGivesTheSameAdapters() {
    LoraSettings settings = settings(4, "q_proj", "up_proj");
    List<float[]> first =
        copies(LoraAdapters.attach(TinyModels.LLAMA.weights(1), settings, 5).adapterWeights());
    List<float[]> again =
        copies(LoraAdapters.attach(TinyModels.LLAMA.weights(1), settings, 5).adapterWeights());
    List<float[]> other =
        copies(LoraAdapters.attach(TinyModels.LLAMA.weights(1), settings, 6).adapterWeights());
    assertThat(again).usingRecursiveComparison().isEqualTo(first);
    assertThat(other).usingRecursiveComparison().isNotEqualTo(first);
  }

  @ParameterizedTest
  @EnumSource
  void whatPeftStoresIsTheSameModelAgain(TinyModels family, @TempDir Path folder)
      throws IOException {
    LoraSettings settings = settings(3, "k_proj", "gate_proj");
    LoraAdapters trained = LoraAdapters.attach(family.weights(1), settings, 2);
    disturb(trained, 3);
    trained.toPeft().writeInto(folder, "base");
    PeftAdapter stored = PeftAdapter.read(folder);
    LoraAdapters loaded =
        LoraAdapters.attach(family.weights(1), LoraSettings.of(stored.config()), 0);
    loaded.load(stored);
    List<float[]> merged = copies(trained.merge());
    assertThat(copies(loaded.merge())).usingRecursiveComparison().isEqualTo(merged);
    assertThat(copies(LoraAdapters.merge(stored, family.weights(1))))
        .usingRecursiveComparison()
        .isEqualTo(merged);
  }

  @Test
  void matricesOfAnyRankAndScaleAreMergedWithTheirOwn() {
    Weights base = TinyModels.QWEN2.weights(1);
    Parameter before = TinyModels.QWEN2.weights(1).parameter(QUERY);
    int out = before.shape()[0];
    int in = before.shape()[1];
    float[] a = new float[3 * in];
    float[] b = new float[out * 3];
    a[2 * in + 1] = 2;
    b[4 * 3 + 2] = 3;
    AdapterConfig config = new AdapterConfig(8, 16, List.of("q_proj"));
    PeftAdapter stored =
        new PeftAdapter(config, List.of(new PeftAdapter.Pair(QUERY, out, in, a, b, 0.5)));
    float[] merged = LoraAdapters.merge(stored, base).parameter(QUERY).values();
    float[] expected = before.values().clone();
    expected[4 * in + 1] += 3; // 0.5 · 3 · 2
    assertThat(merged).isEqualTo(expected);
    PeftAdapter other =
        new PeftAdapter(
            config, List.of(new PeftAdapter.Pair("model.x.weight", out, in, a, b, 0.5)));
    assertThatThrownBy(() -> LoraAdapters.merge(other, base))
        .hasMessage("adapter must adapt weights of the model, which has no model.x.weight");
  }

  @Test
  void adaptersOfOtherMatricesAreRefused() {
    Weights base = TinyModels.QWEN2.weights(1);
    PeftAdapter wide = LoraAdapters.attach(base, settings(2, "q_proj", "v_proj"), 1).toPeft();
    assertThatThrownBy(() -> LoraAdapters.attach(base, settings(2, "q_proj"), 1).load(wide))
        .hasMessage(
            "adapter must adapt what its target modules name, also had matrices for"
                + " model.layers.0.self_attn.v_proj.weight");
    assertThatThrownBy(() -> LoraAdapters.attach(base, settings(2, "k_proj"), 1).load(wide))
        .hasMessage("adapter must have matrices for model.layers.0.self_attn.k_proj.weight");
    assertThatThrownBy(() -> LoraAdapters.attach(base, settings(3, "q_proj"), 1).load(wide))
        .hasMessage("adapter must have rank 3 and alpha 6.0, had 2 and 6.0");
    PeftAdapter otherModel =
        LoraAdapters.attach(TinyModels.QWEN3.weights(1), settings(2, "q_proj"), 1).toPeft();
    assertThatThrownBy(() -> LoraAdapters.attach(base, settings(2, "q_proj"), 1).load(otherModel))
        .hasMessage(
            "adapter of model.layers.0.self_attn.q_proj.weight must be for [32, 20], was for [48,"
                + " 20]");
  }

  @Test
  void allProjectionsOfAHybridModelAreThoseOfBothKindsOfLayers() {
    Set<String> adapted = new TreeSet<>();
    LoraAdapters adapters =
        LoraAdapters.attach(TinyModels.QWEN3_5.weights(1), settings(2, "all-linear"), 1);
    adapters.toPeft().pairs().forEach(pair -> adapted.add(pair.weight()));
    Set<String> matrices = new TreeSet<>();
    TensorNames.shapes(TinyModels.QWEN3_5.config())
        .forEach(
            (name, shape) -> {
              if (shape.length == 2 && !name.equals(TensorNames.EMBEDDING)) {
                matrices.add(name);
              }
            });
    assertThat(adapted).isEqualTo(matrices);
  }

  @Test
  void mistakesAreNamed() {
    assertThatThrownBy(() -> settings(2, "qproj"))
        .hasMessage(
            "targetModules must be among q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj,"
                + " down_proj, qkv_proj, gate_up_proj, in_proj_qkv, in_proj_z, in_proj_b, in_proj_a,"
                + " out_proj, lm_head, all-linear, was qproj");
    assertThatThrownBy(() -> settings(-1, "q_proj"))
        .hasMessage("rank must be positive, or 0 for none, was -1");
    assertThatThrownBy(() -> new LoraSettings(1, 0, List.of("q_proj"), false))
        .hasMessage("alpha must be a positive number, was 0.0");
    assertThatThrownBy(
            () -> LoraAdapters.attach(TinyModels.QWEN2.weights(1), settings(2, "lm_head"), 1))
        .hasMessage("targetModules must name projections of the model, which has no lm_head");
    assertThatThrownBy(
            () -> LoraAdapters.attach(TinyModels.QWEN2.weights(1), LoraSettings.defaults(), 1))
        .hasMessage("rank must be positive to attach adapters, was 0");
  }

  private static double shifted(
      Parameter weight, Parameter parameter, int index, float step, double[] target) {
    float kept = parameter.values()[index];
    parameter.values()[index] = kept + step;
    double score = 0;
    float[] merged = weight.mergedValues();
    for (int i = 0; i < target.length; i++) {
      score += 0.5 * Math.pow(merged[i] - target[i], 2);
    }
    parameter.values()[index] = kept;
    return score;
  }

  private static LoraSettings settings(int rank, String... targets) {
    return new LoraSettings(rank, 6, List.of(targets), false);
  }

  private static void disturb(LoraAdapters adapters, long seed) {
    Random random = new Random(seed);
    for (Parameter parameter : adapters.adapterWeights().parameters()) {
      for (int i = 0; i < parameter.values().length; i++) {
        parameter.values()[i] = (float) (0.3 * random.nextGaussian());
      }
    }
  }

  private static List<float[]> copies(Weights weights) {
    List<float[]> copies = new ArrayList<>();
    weights.parameters().forEach(parameter -> copies.add(parameter.values().clone()));
    return copies;
  }
}

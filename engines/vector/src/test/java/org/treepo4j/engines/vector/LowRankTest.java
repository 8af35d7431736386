package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.WeightStorage;

/** Adapters computed apart are the merged matrix, forward and backward. */
class LowRankTest {
  @Property(tries = 32)
  void scoresAndGradientsAreThoseOfTheMergedModel(
      @ForAll("models") ModelConfig config,
      @ForAll @IntRange(min = 1, max = 20) int rank,
      @ForAll @IntRange(min = 1, max = 150) int size,
      @ForAll boolean bf16Base,
      @ForAll long seed) {
    Random random = new Random(seed);
    TokenTree tree = TestModels.tree(config, size, 0.1, random);
    float[][] dLogprob = {TestModels.coefficients(size, 0.1, random)};
    LoraAdapters apart = adapters(config, rank, bf16Base, seed);
    LoraAdapters together = adapters(config, rank, bf16Base, seed);
    Weights merged = together.merge();
    Assume.that(scoresHold(adapters(config, rank, bf16Base, seed).merge(), tree, random));
    try (VectorCausalLm lm = open(apart.modelWeights());
        VectorCausalLm plain = open(merged);
        ForwardPass pass = lm.forward(List.of(tree), ForwardOptions.TRAIN);
        ForwardPass expected = plain.forward(List.of(routed(tree, pass)), ForwardOptions.TRAIN)) {
      assertThat(pass.logprobs(0)).containsExactly(expected.logprobs(0), within(1e-4f));
      assertThat(pass.entropies(0)).containsExactly(expected.entropies(0), within(1e-4f));
      pass.backward(dLogprob, null);
      expected.backward(dLogprob, null);
    }
    // The chain rule on gradients of whole matrices.
    for (Parameter parameter : together.modelWeights().parameters()) {
      if (parameter.adapter() != null) {
        parameter.adapter().addGradient(merged.parameter(parameter.name()).gradient());
      }
    }
    for (Parameter parameter : together.adapterWeights().parameters()) {
      float[] wanted = parameter.gradient();
      float[] found = apart.adapterWeights().parameter(parameter.name()).gradient();
      assertThat(found).as(parameter.name()).containsExactly(wanted, within(limit(wanted)));
    }
  }

  @Test
  void decodersReadTheMergedMatrices() {
    for (ModelConfig config : models()) {
      LoraAdapters apart = adapters(config, 3, false, 1);
      Weights merged = adapters(config, 3, false, 1).merge();
      try (VectorCausalLm lm = open(apart.modelWeights());
          VectorCausalLm plain = open(merged)) {
        assertThat(logits(lm)).isEqualTo(logits(plain));
        apart.adapterWeights().parameters().forEach(p -> p.values()[0] += 1);
        lm.weightsChanged();
        assertThat(logits(lm)).isNotEqualTo(logits(plain));
      }
    }
  }

  @Provide("models")
  Arbitrary<ModelConfig> everyModel() {
    return Arbitraries.of(models());
  }

  /**
   * Whether rounding of weights hardly shows in the scores. A state of the delta rule that is read
   * where it is nearly zero is normalised all the same, once in some thousand models.
   */
  private static boolean scoresHold(Weights weights, TokenTree tree, Random random) {
    try (VectorCausalLm plain = open(weights);
        ForwardPass before = plain.forward(List.of(tree), ForwardOptions.SCORE)) {
      float[] scores = before.logprobs(0).clone();
      TokenTree same = routed(tree, before);
      for (Parameter parameter : weights.parameters()) {
        for (int i = 0; i < parameter.values().length; i++) {
          parameter.values()[i] *= 1 + (random.nextBoolean() ? 0x1p-22f : -0x1p-22f);
        }
      }
      plain.weightsChanged();
      try (ForwardPass after = plain.forward(List.of(same), ForwardOptions.SCORE)) {
        for (int i = 0; i < scores.length; i++) {
          if (!(Math.abs(after.logprobs(0)[i] - scores[i]) < 5e-5)) {
            return false;
          }
        }
      }
      return true;
    }
  }

  /** With the experts that were chosen, for a choice may turn on the last bit. */
  private static TokenTree routed(TokenTree tree, ForwardPass pass) {
    short[] chosen = pass.experts(0);
    return chosen.length == 0 ? tree : tree.withExperts(chosen);
  }

  private static List<ModelConfig> models() {
    List<ModelConfig> models = new ArrayList<>(TestModels.all());
    models.add(TestModels.phi3());
    return models;
  }

  private static LoraAdapters adapters(ModelConfig config, int rank, boolean bf16, long seed) {
    List<String> targets = new ArrayList<>(LoraSettings.defaults().targetModules());
    if (!config.tiedEmbeddings()) {
      targets.add("lm_head");
    }
    LoraSettings settings = new LoraSettings(rank, 2 * rank, targets, bf16);
    LoraAdapters adapters = LoraAdapters.attach(TestModels.weights(config, seed), settings, seed);
    Random random = new Random(seed);
    for (Parameter parameter : adapters.adapterWeights().parameters()) {
      for (int i = 0; i < parameter.values().length; i++) {
        parameter.values()[i] = (float) (0.2 * random.nextGaussian());
      }
    }
    return adapters;
  }

  private static VectorCausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.of(2, WeightStorage.F32));
  }

  private static float[] logits(VectorCausalLm lm) {
    try (BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      return decoder.nextLogits(List.of(decoder.prefill(new int[] {3, 1, 4, 1, 5})))[0];
    }
  }

  private static float limit(float[] values) {
    double square = 0;
    for (float value : values) {
      square += (double) value * value;
    }
    return (float) (1e-4 * (1 + Math.sqrt(square)));
  }
}

package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.contract.EngineMath;
import org.treepo4j.engines.contract.OptimizerContract;
import org.treepo4j.engines.contract.RandomTrees;
import org.treepo4j.engines.contract.SamplerContract;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.testsupport.NeedsCuda;

/** With bf16 the engine computes what it does in float32, with two to three digits. */
@ExtendWith(NeedsCuda.class)
@AddLifecycleHook(NeedsCuda.class)
class CudaBf16Test implements OptimizerContract, SamplerContract {
  private static final long SEED = 11;

  @Override
  public CausalLm open(Weights weights) {
    return OpenedModels.bf16(weights);
  }

  @Override
  public boolean runs(TinyModels family) {
    return OpenedModels.runs(family);
  }

  @ParameterizedTest
  @EnumSource
  void scoresAndGradientsAreAboutThoseOfFloat32(TinyModels family) {
    assumeTrue(runs(family), "refused by this engine");
    Random random = new Random(SEED);
    TokenTree tree = RandomTrees.tree(random, 14, family.config().vocabSize());
    float[][] dLogprob = RandomTrees.coefficients(random, List.of(tree));
    float[][] dEntropy = RandomTrees.coefficients(random, List.of(tree));
    Weights weights = family.weights(SEED);
    Weights rounded = family.weights(SEED);
    try (CausalLm exact = OpenedModels.f32(weights);
        CausalLm model = open(rounded);
        ForwardPass expected = exact.forward(List.of(tree), ForwardOptions.TRAIN);
        ForwardPass pass = model.forward(List.of(tree), ForwardOptions.TRAIN)) {
      assertThat(pass.logprobs(0)).containsExactly(expected.logprobs(0), within(0.1f));
      assertThat(pass.entropies(0)).containsExactly(expected.entropies(0), within(0.1f));
      expected.backward(dLogprob, dEntropy);
      pass.backward(dLogprob, dEntropy);
      Map<String, float[]> gradients = EngineMath.gradients(weights);
      assertThat(cosine(EngineMath.gradients(rounded), gradients)).isGreaterThan(0.995);
    }
  }

  @ParameterizedTest
  @EnumSource
  void decodersContinueAsPassesScore(TinyModels family) {
    assumeTrue(runs(family), "refused by this engine");
    assertContinues(family.weights(SEED), 9);
  }

  /** With every matrix of a block adapted, and more tokens than attention computes as one part. */
  @ParameterizedTest
  @EnumSource
  void decodersContinueAsPassesScoreWithAdapters(TinyModels family) {
    assumeTrue(runs(family), "refused by this engine");
    LoraSettings settings = new LoraSettings(3, 5, List.of("all-linear"), false);
    LoraAdapters adapters = LoraAdapters.attach(family.weights(SEED), settings, SEED);
    Random random = new Random(SEED);
    for (Parameter each : adapters.adapterWeights().parameters()) {
      for (int i = 0; i < each.size(); i++) {
        each.values()[i] += (float) (0.05 * random.nextGaussian()); // B begins as zeros
      }
    }
    assertContinues(adapters.modelWeights(), Math.min(140, family.config().maxPositions()));
  }

  private void assertContinues(Weights weights, int length) {
    ModelConfig config = weights.config();
    int[] text = new Random(SEED).ints(length, 0, config.vocabSize()).toArray();
    try (CausalLm model = open(weights);
        ForwardPass pass = model.forward(List.of(TokenTree.chain(text)), ForwardOptions.SCORE);
        BranchingDecoder decoder = model.decoder(new DecoderOptions(64 << 20))) {
      BranchingDecoder.Path path = decoder.prefill(Arrays.copyOf(text, length - 5));
      for (int i = length - 5; i < text.length; i++) {
        float[] logits = decoder.nextLogits(List.of(path))[0];
        assertThat((float) EngineMath.logSoftmax(logits, 1)[text[i]])
            .isCloseTo(pass.logprobs(0)[i], within(0.05f));
        decoder.append(List.of(path), new int[] {text[i]});
      }
    }
  }

  private static double cosine(Map<String, float[]> x, Map<String, float[]> y) {
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (Map.Entry<String, float[]> entry : x.entrySet()) {
      float[] other = y.get(entry.getKey());
      for (int i = 0; i < other.length; i++) {
        xy += (double) entry.getValue()[i] * other[i];
        xx += (double) entry.getValue()[i] * entry.getValue()[i];
        yy += (double) other[i] * other[i];
      }
    }
    return xy / Math.sqrt(xx * yy);
  }
}

package org.treepo4j.tests.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.GradientClipping;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.loss.SftExample;
import org.treepo4j.rl.loss.SftObjective;

/** Low-rank adapters learn on any engine, and nothing else changes. */
abstract class LoraLaws {

  /** Opens the engine under test. */
  abstract CausalLm open(Weights weights);

  @Property(tries = 2, edgeCases = EdgeCasesMode.NONE)
  void gradientOfTheAdaptersIsTheSlopeOfTheLoss(@ForAll long seed) {
    Random random = new Random(seed);
    LoraAdapters adapters = adapters(seed);
    for (Parameter parameter : adapters.adapterWeights().parameters()) {
      for (int i = 0; i < parameter.values().length; i++) {
        parameter.values()[i] = (float) (0.2 * random.nextGaussian());
      }
    }
    SftExample example = SftExample.text(random.ints(12, 0, 31).toArray());
    try (CausalLm model = open(adapters.modelWeights())) {
      loss(model, example, true);
      double norm = GradientClipping.globalNorm(adapters.adapterWeights());
      double length = Math.min(0.005, 0.003 / norm);
      double up = shifted(model, adapters, length / norm, example);
      double down = shifted(model, adapters, -2 * length / norm, example);
      assertThat((up - down) / (2 * length)).isCloseTo(norm, within(0.02 * norm));
    }
  }

  @Example
  void adaptersLearnAndTheirBaseStaysAsItIs() {
    Weights base = TrainingCases.weights(1);
    float[] embedding = base.parameter("model.embed_tokens.weight").values().clone();
    float[] query = base.parameter("model.layers.0.self_attn.q_proj.weight").values().clone();
    LoraAdapters adapters = LoraAdapters.attach(base, settings(), 1);
    SftExample example = SftExample.text(3, 1, 4, 1, 5, 9, 2, 6, 5, 3);
    try (CausalLm model = open(adapters.modelWeights())) {
      AdamW optimizer = new AdamW(adapters.adapterWeights(), 0.9, 0.999, 1e-8, 0);
      double before = loss(model, example, false);
      for (int step = 0; step < 8; step++) {
        loss(model, example, true);
        optimizer.step(2e-2);
        adapters.adapterWeights().zeroGradients();
        model.weightsChanged();
      }
      assertThat(loss(model, example, false)).isLessThan(0.7 * before);
    }
    assertThat(base.parameter("model.embed_tokens.weight").values()).isEqualTo(embedding);
    assertThat(base.parameter("model.layers.0.self_attn.q_proj.weight").values()).isEqualTo(query);
  }

  private static LoraAdapters adapters(long seed) {
    return LoraAdapters.attach(TrainingCases.weights(seed), settings(), seed);
  }

  private static LoraSettings settings() {
    return new LoraSettings(3, 6, LoraSettings.defaults().targetModules(), false);
  }

  /** The loss after a step along the gradient, from where the adapters are. */
  private static double shifted(
      CausalLm model, LoraAdapters adapters, double step, SftExample example) {
    for (Parameter parameter : adapters.adapterWeights().parameters()) {
      for (int i = 0; i < parameter.values().length; i++) {
        parameter.values()[i] += (float) (step * parameter.gradient()[i]);
      }
    }
    model.weightsChanged();
    return loss(model, example, false);
  }

  private static double loss(CausalLm model, SftExample example, boolean gradients) {
    List<TokenTree> tokens = List.of(example.tokens());
    try (ForwardPass pass = model.forward(tokens, new ForwardOptions(1, gradients))) {
      SftObjective.Result result =
          new SftObjective(example.learnedTokens()).evaluate(List.of(example), pass);
      if (gradients) {
        pass.backward(result.dLogprob(), null);
      }
      return result.loss();
    }
  }
}

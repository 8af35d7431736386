package org.treepo4j.cli;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

class ScoreCommandTest {
  private static final ModelConfig CONFIG =
      new ModelConfig(
          Architecture.LLAMA,
          8,
          8,
          1,
          2,
          1,
          4,
          8,
          16,
          1e-6,
          10_000,
          RopeScaling.NONE,
          false,
          false,
          false,
          true,
          -1,
          List.of());

  @Test
  void aGradientThatIsNotFiniteIsRefusedByName() {
    Weights weights = RandomWeights.create(CONFIG, 1);
    assertThatCode(() -> ScoreCommand.requireFinite(weights)).doesNotThrowAnyException();
    Parameter gate = weights.parameter(TensorNames.ofLayer(0, TensorNames.GATE));
    for (float broken : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      gate.gradient()[5] = broken;
      assertThatThrownBy(() -> ScoreCommand.requireFinite(weights))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("model.layers.0.mlp.gate_proj.weight")
          .hasMessageContaining(broken + " at element 5");
    }
  }
}

package org.treepo4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;

class RotaryFrequenciesTest {

  /**
   * The values are those of transformers 5.24 for a text of 32 tokens, the longest that is short.
   */
  @Test
  void longRopeDividesByTheFactorsOfShortTexts() {
    RopeScaling scaling =
        new RopeScaling.LongRope(
            List.of(1.0, 1.25, 2.0, 3.5), List.of(1.5, 4.0, 9.0, 16.0), Math.sqrt(2), 32, 1024);
    ModelConfig model =
        new ModelConfig(
            Architecture.PHI3,
            9,
            64,
            1,
            4,
            4,
            16,
            8,
            32,
            1e-5,
            10_000,
            scaling,
            false,
            false,
            false,
            false,
            1,
            List.of(2),
            Design.PLAIN.withRotaryWidth(8));
    double[] expected = {1, 0.07999999821186066, 0.004999999888241291, 0.0002857142826542258};
    double[] frequencies = RotaryFrequencies.of(new Weights(model, List.of()));
    assertThat(frequencies).containsExactly(expected, within(1e-8));
    assertThat(RotaryFrequencies.attentionFactor(new Rotary(10_000, scaling)))
        .isCloseTo(1.4142135623730951, within(1e-12));
  }
}

package org.treepo4j.checkpoints.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.RopeScaling;

class RopeFactorsTest {
  private static final GgufMetadata METADATA = new GgufMetadata(Path.of("m.gguf"), Map.of());

  @ParameterizedTest
  @CsvSource({"8, 8192, 64", "32, 8192, 32", "8, 8192, 8", "16, 4096, 64"})
  void llama3sParametersAreFoundAgain(double factor, int original, int pairs) throws IOException {
    float[] factors = new float[pairs];
    for (int i = 0; i < pairs; i++) {
      factors[i] = llama3((float) factor, original, 500_000, (float) i / pairs);
    }
    assertThat(RopeFactors.scaling(factors, 500_000, METADATA))
        .isEqualTo(new RopeScaling.Llama3(factor, 1, 4, original));
  }

  /** As converters compute it, in float32. */
  private static float llama3(float factor, int original, float theta, float exponent) {
    float wavelength = (float) (2 * Math.PI * Math.pow(theta, exponent));
    if (wavelength < original / 4f) {
      return 1;
    }
    if (wavelength > original) {
      return factor;
    }
    float smooth = (original / wavelength - 1) / 3;
    return 1 / ((1 - smooth) / factor + smooth);
  }

  @Test
  void otherFactorsAreKeptOneByOne() throws IOException {
    assertThat(RopeFactors.scaling(new float[] {1, 1.5f, 2, 8}, 10_000, METADATA))
        .isEqualTo(new RopeScaling.Factors(List.of(1.0, 1.5, 2.0, 8.0)));
  }

  @Test
  void factorsOfOneAreNone() throws IOException {
    assertThat(RopeFactors.scaling(new float[] {1, 1}, 10_000, METADATA))
        .isEqualTo(RopeScaling.NONE);
  }

  @ParameterizedTest
  @CsvSource({"0", "-1", "NaN", "Infinity"})
  void factorsThatDivideNothingAreRefused(float factor) {
    assertThatThrownBy(() -> RopeFactors.scaling(new float[] {1, factor}, 10_000, METADATA))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("rope_freqs.weight must hold positive numbers, one is " + factor);
  }
}

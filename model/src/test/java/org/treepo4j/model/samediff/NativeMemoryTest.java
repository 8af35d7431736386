package org.treepo4j.model.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.RandomTrees;
import org.treepo4j.model.TinyModels;
import org.treepo4j.model.TokenTree;

/** Native memory is freed by us, not by the garbage collector. */
class NativeMemoryTest {
  private static final long MIB = 1 << 20;

  @Test
  void repeatedPassesAndDecodersDoNotGrow() throws IOException {
    Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "skipped: no /proc here");
    Random random = new Random(1);
    List<TokenTree> trees = RandomTrees.forest(random, 6, 60, 37);
    float[][] coefficients = RandomTrees.coefficients(random, trees);
    try (SameDiffCausalLm model = new SameDiffCausalLm(TinyModels.QWEN3.weights(1))) {
      for (int i = 0; i < 5; i++) {
        passes(model, trees, coefficients);
      }
      long resident = residentBytes();
      for (int i = 0; i < 20; i++) {
        passes(model, trees, coefficients);
      }
      // One round allocates tens of MiB, so twenty show if only a tenth of it is left behind.
      assertThat(residentBytes() - resident).isLessThan(48 * MIB);
    }
  }

  private static void passes(
      SameDiffCausalLm model, List<TokenTree> trees, float[][] coefficients) {
    try (ForwardPass pass = model.forward(trees, ForwardOptions.TRAIN)) {
      pass.backward(coefficients, coefficients);
    }
    try (BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      BranchingDecoder.Path path = decoder.prefill(new int[] {1, 2, 3});
      for (int t = 0; t < 10; t++) {
        decoder.append(List.of(path), new int[] {t});
        decoder.nextLogits(List.of(path));
      }
    }
    model.weightsChanged();
  }

  private static long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no VmRSS in /proc/self/status");
  }
}

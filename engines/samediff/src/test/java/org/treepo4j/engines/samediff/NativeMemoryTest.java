package org.treepo4j.engines.samediff;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.treepo4j.engines.contract.RandomTrees;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;

/**
 * Native memory is freed by us and not by the garbage collector: measured in a JVM of its own that
 * has none (Epsilon), as resident memory without the Java heap.
 */
class NativeMemoryTest {
  private static final long MIB = 1 << 20;

  @Test
  void repeatedPassesAndDecodersDoNotGrow() throws IOException, InterruptedException {
    Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "skipped: no /proc here");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx3g",
                "-XX:+UnlockExperimentalVMOptions",
                "-XX:+UseEpsilonGC",
                "-Xlog:disable",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Rounds.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(output).startsWith("grown by ");
    long grown = Long.parseLong(output.replaceAll("[^\\d-]", ""));
    // Ten rounds grew by 290 MiB when INDArray.close() was relied on, and grow by 25 as it is.
    assertThat(grown).as("growth in bytes").isLessThan(100 * MIB);
  }

  /** The other JVM's program. */
  static final class Rounds {
    private Rounds() {}

    public static void main(String[] arguments) throws IOException {
      Random random = new Random(1);
      List<TokenTree> trees = List.of(RandomTrees.tree(random, 256, 37));
      float[][] coefficients = RandomTrees.coefficients(random, trees);
      try (SameDiffCausalLm model = new SameDiffCausalLm(TinyModels.QWEN3.weights(1))) {
        for (int i = 0; i < 5; i++) {
          round(model, trees, coefficients);
        }
        long before = nativeBytes();
        for (int i = 0; i < 10; i++) {
          round(model, trees, coefficients);
        }
        System.out.println("grown by " + (nativeBytes() - before));
      }
    }

    private static void round(
        SameDiffCausalLm model, List<TokenTree> trees, float[][] coefficients) {
      try (ForwardPass pass = model.forward(trees, ForwardOptions.TRAIN)) {
        pass.backward(coefficients, coefficients);
      }
      try (BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
        BranchingDecoder.Path path = decoder.prefill(new int[] {1, 2, 3});
        for (int t = 0; t < 5; t++) {
          decoder.append(List.of(path), new int[] {t});
          decoder.nextLogits(List.of(path));
        }
      }
      model.weightsChanged();
    }

    private static long nativeBytes() throws IOException {
      Runtime heap = Runtime.getRuntime();
      return residentBytes() - (heap.totalMemory() - heap.freeMemory());
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
}

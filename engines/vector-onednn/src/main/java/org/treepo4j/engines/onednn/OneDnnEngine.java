package org.treepo4j.engines.onednn;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.vector.PackedMatrix;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorEngine;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;

/**
 * The vector engine with oneDNN below its decoders: with {@code weights: bf16} inputs are rounded
 * to bfloat16 too, and the processor's dot products of bfloat16 sum in float32. Training is the
 * vector engine's own. Never taken by {@code auto}.
 *
 * <p>Its results depend on the number of rows in the last bits, other than the vector engine's.
 */
public final class OneDnnEngine implements Engine {
  private static final String NAME = "vector-onednn";

  /** Of a matrix, in numbers; below it a call into the library takes longer than the product. */
  private static final int LARGE = 1 << 16;

  /** AVX-512 has panels of 64 outputs. */
  private static final int PANEL = 64;

  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");
  private static final Pattern BF16 = Pattern.compile("(?m)^flags\\b.*\\bavx512_bf16\\b");

  private final VectorEngine vector = new VectorEngine();

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Optional<String> problem(EngineOptions options) {
    return vector
        .problem(options)
        .or(OneDnnEngine::missingLibrary)
        .or(
            () ->
                problem(
                    options.weights(),
                    System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                    PackedMatrix.WIDE,
                    processors(),
                    System.getenv("OMP_NUM_THREADS")));
  }

  /**
   * @param system operating system and architecture as Java names them
   * @param panel outputs of the vector engine's panels
   * @param processors {@code /proc/cpuinfo}
   * @param ompThreads the environment's OMP_NUM_THREADS, or null
   */
  static Optional<String> problem(
      WeightStorage weights, String system, int panel, String processors, String ompThreads) {
    String lower = system.toLowerCase(Locale.ROOT);
    if (!lower.equals("linux amd64") || panel != PANEL) {
      return Optional.of(
          "the vector-onednn engine needs Linux on x86-64 with AVX-512, this is " + system);
    }
    if (weights == WeightStorage.BF16 && !BF16.matcher(processors).find()) {
      return Optional.of(
          "this processor has no dot products of bf16 (AVX512_BF16), without which"
              + " vector-onednn is slower than vector; use engine vector, or weights f32");
    }
    if (!"1".equals(ompThreads)) {
      return Optional.of(
          "the vector-onednn engine shares the work among its own threads: the environment must"
              + " say OMP_NUM_THREADS=1, which ./treepo does, was "
              + (ompThreads == null ? "unset" : ompThreads));
    }
    return Optional.empty();
  }

  private static Optional<String> missingLibrary() {
    return OneDnnEngine.class.getResource("/org/bytedeco/dnnl/linux-x86_64/libdnnl.so.3") == null
        ? Optional.of("oneDNN is not on the class path; docs/install.md tells how it is added")
        : Optional.empty();
  }

  private static String processors() {
    try {
      return Files.readString(PROCESSORS);
    } catch (IOException e) {
      return "";
    }
  }

  @Override
  public int autoRank() {
    return -1;
  }

  @Override
  public CausalLm open(Weights weights, EngineOptions options) {
    return new VectorCausalLm(
        weights,
        VectorOptions.of(options.threadCount(), options.weights()),
        new OneDnnMatrices(options.threadCount(), LARGE));
  }

  @Override
  public Memory memory(ModelConfig config, EngineOptions options, Trained trained) {
    return vector.memory(config, options, trained);
  }
}

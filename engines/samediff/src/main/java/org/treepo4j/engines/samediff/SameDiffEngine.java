package org.treepo4j.engines.samediff;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;

/** The engine on ND4J; its backend on the class path decides between CPU and GPU. */
public final class SameDiffEngine implements Engine {
  /** Before the engines of the CPU. */
  private static final int GPU_RANK = 10;

  @Override
  public String name() {
    return "samediff";
  }

  @Override
  public Optional<String> problem(EngineOptions options) {
    return options.weights() == WeightStorage.F32
        ? Nd4jBackends.problem()
        : Optional.of("weights must be f32 with the samediff engine; bf16 is the vector engine's");
  }

  /**
   * Linear layers are not built here: a graph runs from inputs to outputs and keeps nothing, so a
   * decoder's states, which fork and are written in place, would be copied into and out of it for
   * every token. Nor are experts: which rows an expert gets changes from batch to batch. The second
   * opinion on both are the float64 loops of the tests.
   */
  @Override
  public Optional<String> problem(ModelConfig config) {
    if (config.design().experts() != null) {
      return Optional.of(
          "the samediff engine has no experts, which %s models have; use the vector engine"
              .formatted(config.architecture().modelType()));
    }
    return config.design().deltaRule() == null
        ? Optional.empty()
        : Optional.of(
            "the samediff engine has no linear layers (linear_attention), which %s models have; use the vector engine"
                .formatted(config.architecture().modelType()));
  }

  @Override
  public int autoRank() {
    return Nd4jBackends.present() == Nd4jBackends.Kind.CUDA ? GPU_RANK : -1;
  }

  @Override
  public CausalLm open(Weights weights, EngineOptions options) {
    Nd4jBackends.require();
    return new SameDiffCausalLm(weights);
  }

  /**
   * A lower bound: its own copy of the weights, keys and values, and every activation of the graph
   * with its gradient. Attention scores come on top, which grow with the square of a pack.
   */
  @Override
  public Memory memory(ModelConfig config, EngineOptions options, Trained trained) {
    long parameters =
        TensorNames.shapes(config).values().stream()
            .mapToLong(shape -> Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact))
            .sum();
    long layer =
        6L * config.hiddenSize()
            + 4L * config.querySize()
            + 4L * config.kvSize()
            + 5L * config.ffnSize();
    return new Memory(
        Float.BYTES * parameters,
        0,
        2L * Float.BYTES * config.layers() * config.kvSize(),
        0,
        2L * Float.BYTES * config.layers() * layer,
        0,
        0);
  }

  @Override
  public Map<String, Object> facts() {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("nd4jBackend", Nd4jBackends.present());
    facts.put("gpus", GpuCheck.ofThisMachine().gpus());
    return facts;
  }
}

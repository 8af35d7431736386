package org.treepo4j.engines.cuda;

import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;

/** Models on the device that there is: a real one, or the emulator. */
final class OpenedModels {

  private OpenedModels() {}

  static CausalLm f32(Weights weights) {
    return new CudaEngine().open(weights, EngineOptions.defaults());
  }

  static CausalLm bf16(Weights weights) {
    return new CudaEngine().open(weights, EngineOptions.defaults().withWeights(WeightStorage.BF16));
  }

  static boolean runs(TinyModels family) {
    return new CudaEngine().problem(family.config()).isEmpty();
  }
}

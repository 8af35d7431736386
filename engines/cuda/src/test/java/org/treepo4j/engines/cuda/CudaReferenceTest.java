package org.treepo4j.engines.cuda;

import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.contract.CausalLmReferenceContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.testsupport.NeedsCuda;

@ExtendWith(NeedsCuda.class)
class CudaReferenceTest extends CausalLmReferenceContract {
  @Override
  protected CausalLm open(Weights weights) {
    return OpenedModels.f32(weights);
  }

  /** On the emulator the whole story takes half a minute. */
  @Override
  protected int greedyTokens() {
    return 40;
  }

  @Override
  protected boolean runs(String model) {
    return !model.startsWith("qwen3_5");
  }
}

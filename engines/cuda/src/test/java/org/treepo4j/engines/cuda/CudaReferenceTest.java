package org.treepo4j.engines.cuda;

import java.io.IOException;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
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

  @ParameterizedTest
  @MethodSource("models")
  void scoresInBf16LikeTheReference(String name) throws IOException {
    assertScores(name, OpenedModels::bf16, 3e-2, 5e-2);
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

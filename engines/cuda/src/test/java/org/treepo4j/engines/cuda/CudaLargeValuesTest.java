package org.treepo4j.engines.cuda;

import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.contract.LargeValuesContract;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.testsupport.NeedsCuda;

@ExtendWith(NeedsCuda.class)
class CudaLargeValuesTest extends LargeValuesContract {
  @Override
  protected CausalLm open(Weights weights) {
    return OpenedModels.f32(weights);
  }

  @Override
  protected boolean runs(TinyModels family) {
    return OpenedModels.runs(family);
  }
}

package org.treepo4j.engines.samediff;

import org.treepo4j.engines.contract.CausalLmReferenceContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class SameDiffCausalLmReferenceTest extends CausalLmReferenceContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }

  @Override
  protected boolean runs(String model) {
    return !model.startsWith("qwen3_5");
  }
}

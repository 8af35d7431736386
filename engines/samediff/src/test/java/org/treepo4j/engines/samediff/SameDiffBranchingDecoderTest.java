package org.treepo4j.engines.samediff;

import org.treepo4j.engines.contract.BranchingDecoderContract;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class SameDiffBranchingDecoderTest implements BranchingDecoderContract {
  @Override
  public CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }

  @Override
  public boolean runs(TinyModels family) {
    return new SameDiffEngine().problem(family.config()).isEmpty();
  }
}

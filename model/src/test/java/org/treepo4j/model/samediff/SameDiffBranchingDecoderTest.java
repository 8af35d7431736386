package org.treepo4j.model.samediff;

import org.treepo4j.model.BranchingDecoderContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class SameDiffBranchingDecoderTest extends BranchingDecoderContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }
}

package org.treepo4j.tests.training;

import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.vector.VectorCausalLm;
import org.treepo4j.model.vector.VectorOptions;

class VectorTreeTrainingLawsTest extends TreeTrainingLaws {

  @Override
  CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }
}

package org.treepo4j.tests.training;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class VectorLoraLawsTest extends LoraLaws {

  @Override
  CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }

  @Override
  @Property(tries = 30, edgeCases = EdgeCasesMode.NONE)
  void gradientOfTheAdaptersIsTheSlopeOfTheLoss(@ForAll long seed) {
    super.gradientOfTheAdaptersIsTheSlopeOfTheLoss(seed);
  }
}

package org.treepo4j.tests.training;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.loss.Aggregation;

class VectorTreeTrainingLawsTest extends TreeTrainingLaws {

  @Override
  CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }

  @Override
  @Property(tries = 30, edgeCases = EdgeCasesMode.NONE)
  void lossAndWeightGradientOfTreesAreThoseOfTheirFlattenedTrajectories(
      @ForAll long seed, @ForAll Aggregation aggregation, @ForAll boolean withEntropy) {
    super.lossAndWeightGradientOfTreesAreThoseOfTheirFlattenedTrajectories(
        seed, aggregation, withEntropy);
  }

  @Override
  @Property(tries = 20, edgeCases = EdgeCasesMode.NONE)
  void weightGradientDoesNotDependOnTheSplitIntoMicroBatches(
      @ForAll long seed, @ForAll Aggregation aggregation) {
    super.weightGradientDoesNotDependOnTheSplitIntoMicroBatches(seed, aggregation);
  }
}

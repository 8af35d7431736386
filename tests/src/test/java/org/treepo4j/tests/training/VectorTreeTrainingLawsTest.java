package org.treepo4j.tests.training;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.loss.Aggregation;
import org.treepo4j.rl.loss.LossSettings.PolicyForm;

class VectorTreeTrainingLawsTest extends TreeTrainingLaws {

  @Override
  CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }

  @Override
  @Property(tries = 30, edgeCases = EdgeCasesMode.NONE)
  void lossAndWeightGradientOfTreesAreThoseOfTheirFlattenedTrajectories(
      @ForAll long seed,
      @ForAll Aggregation aggregation,
      @ForAll boolean withEntropy,
      @ForAll PolicyForm policy) {
    super.lossAndWeightGradientOfTreesAreThoseOfTheirFlattenedTrajectories(
        seed, aggregation, withEntropy, policy);
  }

  @Override
  @Property(tries = 20, edgeCases = EdgeCasesMode.NONE)
  void weightGradientDoesNotDependOnTheSplitIntoMicroBatches(
      @ForAll long seed, @ForAll Aggregation aggregation, @ForAll PolicyForm policy) {
    super.weightGradientDoesNotDependOnTheSplitIntoMicroBatches(seed, aggregation, policy);
  }
}

package org.treepo4j.laws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.engines.contract.BranchingDecoderContract;
import org.treepo4j.engines.contract.CausalLmContract;
import org.treepo4j.engines.contract.PlainTransformer;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/**
 * What must hold of an engine: a test implements {@link #open} and has the contracts of forward and
 * backward passes and of sampling run, besides a comparison with loops in float64. Engines of this
 * project also pass {@code LargeValuesContract}, which takes longer.
 */
public interface EngineLaws extends CausalLmContract, BranchingDecoderContract {

  /** Opens the engine under test. */
  @Override
  CausalLm open(Weights weights);

  /** Whether the engine has the layers of a family; one that it refuses is left out. */
  @Override
  default boolean runs(TinyModels family) {
    return true;
  }

  @Provide
  default Arbitrary<TokenTree> tokenTrees() {
    return Samples.tokenTrees(TinyModels.LLAMA.config().vocabSize(), 14);
  }

  @Provide
  default Arbitrary<Double> temperatures() {
    return Arbitraries.doubles().between(0.5, 2).ofScale(2);
  }

  @Property(tries = 20, edgeCases = EdgeCasesMode.NONE)
  default void scoresAreThoseOfPlainLoops(
      @ForAll TinyModels family,
      @ForAll("tokenTrees") TokenTree tree,
      @ForAll("temperatures") double temperature) {
    Assume.that(runs(family));
    Weights weights = family.weights(tree.size());
    double[][] expected = new PlainTransformer(weights).scores(tree, temperature);
    try (CausalLm model = open(weights);
        ForwardPass pass = model.forward(List.of(tree), new ForwardOptions(temperature, false))) {
      for (int token = 0; token < tree.size(); token++) {
        assertThat((double) pass.logprobs(0)[token])
            .as("log-probability of token %s", token)
            .isCloseTo(expected[0][token], within(2e-4));
        assertThat((double) pass.entropies(0)[token])
            .as("entropy after token %s", token)
            .isCloseTo(expected[1][token], within(2e-4));
      }
    }
  }
}

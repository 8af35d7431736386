package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * The weights of a feed-forward layer that is a mixture of experts.
 *
 * @param router {@code [experts × hidden]}
 */
record ExpertParameters(Projection router, List<Expert> experts) {

  /** The matrices of one expert. */
  record Expert(Projection gate, Projection up, Projection down) {}

  static ExpertParameters of(Weights weights, int layer) {
    List<Expert> experts = new ArrayList<>();
    for (int expert = 0; expert < weights.config().design().experts().count(); expert++) {
      experts.add(
          new Expert(
              projection(weights, layer, TensorNames.ofExpert(expert, TensorNames.GATE)),
              projection(weights, layer, TensorNames.ofExpert(expert, TensorNames.UP)),
              projection(weights, layer, TensorNames.ofExpert(expert, TensorNames.DOWN))));
    }
    return new ExpertParameters(
        projection(weights, layer, TensorNames.ROUTER), List.copyOf(experts));
  }

  private static Projection projection(Weights weights, int layer, String name) {
    return Projection.of(weights.parameter(TensorNames.ofLayer(layer, name)));
  }
}

package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * A model's weights by their role.
 *
 * @param head the output matrix; the embedding where the two are tied
 */
record ModelParameters(
    ModelConfig config,
    Parameter embedding,
    List<LayerParameters> layers,
    NormWeight finalNorm,
    HeadWeight head) {

  static ModelParameters of(Weights weights) {
    ModelConfig config = weights.config();
    List<LayerParameters> layers = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      layers.add(LayerParameters.of(weights, layer));
    }
    Parameter embedding = weights.parameter(TensorNames.EMBEDDING);
    return new ModelParameters(
        config,
        embedding,
        List.copyOf(layers),
        new NormWeight(
            weights.parameter(TensorNames.FINAL_NORM), config.architecture().normsAddOne()),
        new HeadWeight(config.tiedEmbeddings() ? embedding : weights.parameter(TensorNames.HEAD)));
  }

  /** Takes over changed weights. */
  void refresh() {
    layers.forEach(LayerParameters::refresh);
    finalNorm.refresh();
    head.refresh();
  }
}

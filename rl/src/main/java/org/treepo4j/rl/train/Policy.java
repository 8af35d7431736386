package org.treepo4j.rl.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;

/** The model under training, and which of its weights are trained. */
interface Policy {

  /** Samples and scores. */
  CausalLm model();

  /** What the optimiser changes. */
  Weights trainable();

  /** Brings what backward passes accumulated into the gradients of {@link #trainable}. */
  void collectGradients();

  /** The optimiser has changed {@link #trainable}. */
  void weightsChanged();

  void zeroGradients();

  /** Writes what a checkpoint keeps of the policy. */
  void writeInto(Path folder) throws IOException;

  /**
   * Every weight of the model is trained.
   *
   * @param source folder whose tokenizer files go into checkpoints
   */
  record Full(CausalLm model, Path source) implements Policy {

    @Override
    public Weights trainable() {
      return model.weights();
    }

    @Override
    public void collectGradients() {
      // They are where the optimiser looks for them.
    }

    @Override
    public void weightsChanged() {
      model.weightsChanged();
    }

    @Override
    public void zeroGradients() {
      model.weights().zeroGradients();
    }

    @Override
    public void writeInto(Path folder) throws IOException {
      Map<String, int[]> shapes = new LinkedHashMap<>();
      for (Parameter parameter : model.weights().parameters()) {
        shapes.put(parameter.name(), parameter.shape());
      }
      HfExport.writeInto(
          folder,
          model.config(),
          shapes,
          name -> model.weights().parameter(name).values(),
          ExportOptions.of(DType.F32, Optional.of(source)));
    }
  }
}

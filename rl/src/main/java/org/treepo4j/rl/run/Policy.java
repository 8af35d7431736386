package org.treepo4j.rl.run;

import java.io.IOException;
import java.nio.file.Path;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

/** The model under training, and which of its weights are trained. */
public interface Policy {

  /** Samples and scores. */
  CausalLm model();

  /** What the optimiser changes. */
  Weights trainable();

  /** Brings what backward passes accumulated into the gradients of {@link #trainable}. */
  void collectGradients();

  /** The optimiser has changed {@link #trainable}. */
  void weightsChanged();

  /** Writes what a checkpoint keeps of the policy. */
  void writeInto(Path folder) throws IOException;
}

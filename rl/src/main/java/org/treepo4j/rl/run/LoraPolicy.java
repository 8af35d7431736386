package org.treepo4j.rl.run;

import java.io.IOException;
import java.nio.file.Path;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.Weights;

/**
 * A policy of frozen weights with low-rank adapters; checkpoints hold the adapters in PEFT's
 * layout.
 *
 * @param model an engine on the adapters' {@code modelWeights}
 * @param base folder of the frozen model, named in checkpoints
 */
public record LoraPolicy(CausalLm model, LoraAdapters adapters, Path base) implements Policy {

  @Override
  public Weights trainable() {
    return adapters.adapterWeights();
  }

  @Override
  public void weightsChanged() {
    model.weightsChanged();
  }

  @Override
  public void writeInto(Path folder) throws IOException {
    adapters.toPeft().writeInto(folder, base.toString());
  }

  /**
   * Takes the adapters of a checkpoint into the model.
   *
   * @throws CheckpointException when they are of another model or other settings
   */
  public void restore(Path checkpoint) throws CheckpointException {
    try {
      adapters.load(PeftAdapter.read(checkpoint));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(checkpoint, e.getMessage());
    }
    weightsChanged();
  }
}

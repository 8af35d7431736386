package org.treepo4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import picocli.CommandLine.Option;

/** The adapter a command merges into its model, if any. */
final class AdapterMixin {
  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description =
          "LoRA adapter in PEFT's layout, or a checkpoint of one, merged into the model, which is"
              + " the one it was trained on.")
  private Path folder;

  Optional<Path> folder() {
    return Optional.ofNullable(folder);
  }

  /**
   * The weights of a model with the adapter merged in.
   *
   * @throws CheckpointException for an adapter that cannot be read, or is for another model
   */
  Weights load(ModelSource model) throws IOException {
    PeftAdapter stored = folder == null ? null : PeftAdapter.read(folder);
    Weights weights = WeightsLoader.load(model);
    if (stored == null) {
      return weights;
    }
    try {
      return LoraAdapters.merge(stored, weights);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(folder, e.getMessage());
    }
  }
}

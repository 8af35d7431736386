package org.treepo4j.rl.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.data.ModelTokenizer;

/**
 * A policy all of whose weights are trained.
 *
 * @param model with trainable weights
 * @param source folder or GGUF file whose tokenizer goes into checkpoints
 * @param continued whether {@code source} is what the model was begun with, so that checkpoints get
 *     what it holds besides a text model
 */
public record FullPolicy(CausalLm model, Path source, boolean continued) implements Policy {

  /** A policy that has nothing of {@code source} but the tokenizer. */
  public FullPolicy(CausalLm model, Path source) {
    this(model, source, false);
  }

  @Override
  public Weights trainable() {
    return model.weights();
  }

  @Override
  public void weightsChanged() {
    model.weightsChanged();
  }

  /** A Hugging Face folder in float32, so that a run goes on from it bit for bit. */
  @Override
  public void writeInto(Path folder) throws IOException {
    ExportOptions options = ExportOptions.of(DType.F32, Optional.of(source));
    HfExport.writeInto(
        folder,
        model.config(),
        model.weights().shapes(),
        name -> model.weights().parameter(name).values(),
        continued ? options.withPartsOf(source) : options);
    ModelTokenizer.writeConverted(source, folder);
  }
}

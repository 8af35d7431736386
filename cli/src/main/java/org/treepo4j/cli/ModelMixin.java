package org.treepo4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.treepo4j.base.InputException;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;
import picocli.CommandLine.Option;

/** The model a command opens, and on which engine. */
final class ModelMixin {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face folder or GGUF file.")
  private Path folder;

  @Option(
      names = "--engine",
      paramLabel = "E",
      description = "auto, vector or samediff; default auto.")
  private String engine = EngineOptions.AUTO;

  @Option(
      names = "--weights",
      paramLabel = "F",
      description = "Weight storage while sampling: f32 or bf16 (vector only); default f32.")
  private WeightStorage weights = WeightStorage.F32;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the vector engine; default all processors.")
  private int threads;

  Path folder() {
    return folder;
  }

  /** The model, with the adapter if there is one, and its tokenizer. */
  OpenModel open(AdapterMixin adapter) throws IOException {
    return OpenModel.open(folder, adapter, engine());
  }

  EngineOptions engine() {
    try {
      return new EngineOptions(engine, weights, threads);
    } catch (IllegalArgumentException e) {
      throw new InputException("--" + e.getMessage());
    }
  }
}

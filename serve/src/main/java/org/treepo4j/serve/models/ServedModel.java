package org.treepo4j.serve.models;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.MemoryNeed;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.serve.sampling.SamplingEngine;
import org.treepo4j.serve.sampling.SamplingLimits;
import org.treepo4j.tokenizer.ChatTemplate;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * A model that answers requests.
 *
 * @param source where it comes from
 * @param opened when it was opened
 * @param tokenizer its tokenizer
 * @param chatTemplate empty for models without one
 * @param config its shape
 * @param engine samples with it, and owns it
 */
public record ServedModel(
    Source source,
    Instant opened,
    Tokenizer tokenizer,
    Optional<ChatTemplate> chatTemplate,
    ModelConfig config,
    SamplingEngine engine) {

  /**
   * Where a model comes from.
   *
   * @param id what requests call it
   * @param model Hugging Face folder or GGUF file
   * @param adapter PEFT folder whose matrices are merged into the weights; empty for none
   */
  public record Source(String id, Path model, Optional<Path> adapter) {

    /** A model called by the name of its folder or file. */
    public static Source of(Path model) {
      return new Source(name(model), model, Optional.empty());
    }

    /** The same model with an adapter, called by the adapter's name. */
    public Source with(Path adapterFolder) {
      return new Source(name(adapterFolder), model, Optional.of(adapterFolder));
    }

    /** The same id from other files: another adapter where there is one, else another model. */
    public Source from(Path files) {
      return adapter.isPresent()
          ? new Source(id, model, Optional.of(files))
          : new Source(id, files, adapter);
    }

    private static String name(Path files) {
      return files.toAbsolutePath().normalize().getFileName().toString();
    }
  }

  /** Opens models. */
  @FunctionalInterface
  public interface Loader {
    /**
     * Reads the files and starts the engine.
     *
     * @throws IOException when a file is missing or broken
     * @throws IllegalArgumentException when an adapter does not fit the model
     */
    ServedModel load(Source source) throws IOException;
  }

  /** A loader of models on one engine. */
  public static Loader loader(EngineOptions options, SamplingLimits limits) {
    return source -> {
      Engines.choose(options);
      ModelTokenizer text = ModelTokenizer.open(source.model());
      requireMemory(source.model(), options);
      CausalLm model = Engines.open(weights(source), options);
      return new ServedModel(
          source,
          Instant.now(),
          text.tokenizer(),
          text.chatTemplate(),
          model.config(),
          new SamplingEngine(
              model, text.tokenizer(), text.endTokens(model.config().eosTokenIds()), limits));
    };
  }

  private static void requireMemory(Path model, EngineOptions options) throws IOException {
    try (ModelSource opened = ModelSource.open(model)) {
      MemoryNeed.toSample(opened.config(), options, 1)
          .require("serving " + model, Runtime.getRuntime().maxMemory());
    }
  }

  private static Weights weights(Source source) throws IOException {
    Weights base;
    try (ModelSource opened = ModelSource.open(source.model())) {
      base = WeightsLoader.load(opened);
    }
    if (source.adapter().isEmpty()) {
      return base;
    }
    PeftAdapter stored = PeftAdapter.read(source.adapter().get());
    try {
      return LoraAdapters.merge(stored, base);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(source.adapter().get() + ": " + e.getMessage(), e);
    }
  }
}

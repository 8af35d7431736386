package org.treepo4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.MemoryNeed;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * A model folder opened for a command. What is cheap to refuse, the tokenizer, is opened first.
 *
 * @param prompts encodes texts and conversations
 */
record OpenModel(CausalLm lm, Tokenizer tokenizer, PromptEncoder prompts) implements AutoCloseable {

  static OpenModel open(Path folder, AdapterMixin adapter, EngineOptions options)
      throws IOException {
    Engines.choose(options);
    ModelSource.requireModel(folder);
    ModelTokenizer opened = ModelTokenizer.open(folder);
    Weights weights;
    try (ModelSource source = ModelSource.open(folder)) {
      MemoryNeed.toSample(source.config(), options, 1)
          .require("sampling with " + folder, Runtime.getRuntime().maxMemory());
      Engines.choose(options, source.config());
      weights = adapter.load(source);
    }
    return new OpenModel(
        Engines.open(weights, options), opened.tokenizer(), PromptEncoder.of(opened));
  }

  /**
   * A prompt as token ids; an empty one is BOS.
   *
   * @throws InputException for a conversation without a chat template, or an empty prompt without
   *     BOS
   */
  int[] encode(Prompt prompt) {
    int[] ids;
    try {
      ids = prompts.encode(prompt);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
    int bos = lm.config().bosTokenId();
    if (ids.length == 0 && bos < 0) {
      throw new InputException("the prompt is empty and the model has no BOS token to start from");
    }
    return ids.length == 0 ? new int[] {bos} : ids;
  }

  int[] eosTokenIds() {
    return prompts.endTokens(lm.config().eosTokenIds()).stream()
        .mapToInt(Integer::intValue)
        .toArray();
  }

  @Override
  public void close() {
    lm.close();
  }
}

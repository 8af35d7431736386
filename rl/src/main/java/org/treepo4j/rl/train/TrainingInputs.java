package org.treepo4j.rl.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.rl.data.Lengths;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskFile;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * What training reads, opened and held against each other before any weight is loaded.
 *
 * @param config of the model
 * @param notes on how the model's files are read, each on a line
 * @param prompts encodes the tasks' prompts
 * @param train files of tasks to learn on
 * @param test files of held-out tasks
 * @param promptTokens lengths of all their prompts
 */
public record TrainingInputs(
    ModelConfig config,
    List<String> notes,
    Tokenizer tokenizer,
    PromptEncoder prompts,
    List<TaskFile> train,
    List<TaskFile> test,
    Lengths promptTokens) {

  /**
   * @throws IOException for what is not there or not understood
   * @throws InputException for what does not belong together
   */
  public static TrainingInputs open(TrainSettings settings) throws IOException {
    settings.data().requireFiles();
    settings.reward().requireProgram();
    ModelConfig config;
    List<String> notes;
    if (ModelSource.hasWeights(settings.model())) {
      try (ModelSource weights = checkedSource(settings.model())) {
        config = weights.config();
        notes = weights.notes();
      }
    } else {
      config = ModelSource.readConfig(settings.model());
      notes = ModelSource.configNotes(settings.model());
    }
    ModelTokenizer opened = ModelTokenizer.open(settings.model());
    Tokenizer tokenizer = opened.tokenizer();
    settings.rollout().sampling().requireTokens(tokenizer::hasToken);
    PromptEncoder prompts = PromptEncoder.of(opened);
    ToIntFunction<Prompt> length = prompt -> prompts.encode(prompt).length;
    List<TaskFile> train = settings.data().readTrain(length);
    List<TaskFile> test = settings.data().readTest(length);
    check(prompts, TaskFile.allTasks(test), config);
    if (settings.reference() != null) {
      requireAlike(settings, config, tokenizer);
    }
    Lengths promptTokens = check(prompts, TaskFile.allTasks(train), config);
    Task first = train.get(0).tasks().get(0);
    settings.reward().tryProgram(first, prompts.opening(first.prompt()));
    return new TrainingInputs(config, notes, tokenizer, prompts, train, test, promptTokens);
  }

  /** One line on prompts that lose characters when they are encoded; empty where none does. */
  public Optional<String> droppedNote() {
    return prompts.droppedNote(
        Stream.of(train, test).flatMap(files -> TaskFile.allTasks(files).stream()).toList());
  }

  /**
   * The memory that a run with these inputs needs.
   *
   * @throws InputException for adapters that the model has no place for
   * @throws IOException for a reference policy that cannot be read
   */
  public MemoryEstimate memory(TrainSettings settings) throws IOException {
    ModelConfig reference = settings.reference() == null ? config : checked(settings.reference());
    try {
      return MemoryEstimate.of(settings, config, reference, promptTokens.max());
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
  }

  /** The configuration as the weights have it, which may hold a head beside a tied embedding. */
  private static ModelConfig checked(Path model) throws IOException {
    try (ModelSource weights = checkedSource(model)) {
      return weights.config();
    }
  }

  private static ModelSource checkedSource(Path model) throws IOException {
    ModelSource weights = ModelSource.open(model);
    try {
      WeightsLoader.check(weights);
    } catch (IOException e) {
      weights.close();
      throw e;
    }
    return weights;
  }

  /** The reference policy scores the policy's tokens, so both must mean the same by them. */
  private static void requireAlike(TrainSettings settings, ModelConfig config, Tokenizer tokenizer)
      throws IOException {
    Path folder = settings.reference();
    ModelConfig reference = checked(folder);
    Tokenizer other = ModelTokenizer.open(folder).tokenizer();
    for (int id = 0; id < Math.max(tokenizer.vocabSize(), other.vocabSize()); id++) {
      String ours = tokenizer.hasToken(id) ? tokenizer.token(id) : "none";
      String theirs = other.hasToken(id) ? other.token(id) : "none";
      if (!ours.equals(theirs)) {
        throw new InputException(
            "reference %s: expected the tokenizer of the model, but token %d is %s there and %s in %s"
                .formatted(folder, id, theirs, ours, settings.model()));
      }
    }
    if (reference.vocabSize() < config.vocabSize()) {
      throw new InputException(
          "reference %s: expected a vocabulary of at least %d, which the model has, was %d"
              .formatted(folder, config.vocabSize(), reference.vocabSize()));
    }
    if (reference.maxPositions() < config.maxPositions()) {
      throw new InputException(
          "reference %s: expected at least %d positions, which the model has, had %d"
              .formatted(folder, config.maxPositions(), reference.maxPositions()));
    }
  }

  private static Lengths check(PromptEncoder prompts, List<Task> tasks, ModelConfig config) {
    try {
      return prompts.check(tasks, config);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
  }

  /** Refuses a folder without weights. */
  public static void requireWeights(TrainSettings settings) throws IOException {
    ModelSource.open(settings.model()).close();
  }
}

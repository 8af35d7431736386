package org.treepo4j.rl.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.treepo4j.rl.data.Demonstration;
import org.treepo4j.rl.data.DemonstrationReader;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.loss.SftExample;
import org.treepo4j.rl.tasks.SyntheticTask;
import org.treepo4j.rl.tasks.SyntheticTasks;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * Demonstrations as token ids: prompts are given, completions with an end-of-sequence token are
 * learned.
 *
 * @param training at least one example
 * @param validation may be empty
 */
public record Corpus(List<SftExample> training, List<SftExample> validation) {

  /**
   * Reads or makes the demonstrations.
   *
   * @param eosTokenId ends every completion; −1 for none
   * @param maxTokens longer examples are cut
   * @param seed of a synthetic task
   * @throws IOException when a file cannot be read or understood
   * @throws IllegalArgumentException when the settings name no source, or a task that is not there
   */
  public static Corpus load(
      CorpusSettings settings,
      Tokenizer tokenizer,
      PromptEncoder prompts,
      int eosTokenId,
      int maxTokens,
      long seed)
      throws IOException {
    Encoder encoder = new Encoder(tokenizer, prompts, eosTokenId, maxTokens);
    if (!settings.task().isEmpty()) {
      SyntheticTask task = SyntheticTasks.named(settings.task());
      SplittableRandom random = new SplittableRandom(seed);
      SplittableRandom heldOut = random.split();
      return new Corpus(
          encoder.made(task, settings.examples(), random),
          encoder.made(task, settings.validationExamples(), heldOut));
    }
    if (settings.train().isEmpty()) {
      throw new IllegalArgumentException("corpus must name train files or a synthetic task");
    }
    return new Corpus(encoder.read(settings.train()), encoder.read(settings.validation()));
  }

  private record Encoder(
      Tokenizer tokenizer, PromptEncoder prompts, int eosTokenId, int maxTokens) {

    List<SftExample> read(List<Path> files) throws IOException {
      List<SftExample> examples = new ArrayList<>();
      for (Path file : files) {
        for (Demonstration demonstration : DemonstrationReader.read(file)) {
          examples.add(example(demonstration));
        }
      }
      return examples;
    }

    List<SftExample> made(SyntheticTask task, int count, SplittableRandom random) {
      List<SftExample> examples = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        SyntheticTask.Problem problem = task.problem(random);
        examples.add(
            example(
                new Demonstration(
                    new Prompt.Text(problem.prompt()), task.demonstration(problem, random))));
      }
      return examples;
    }

    private SftExample example(Demonstration demonstration) {
      if (demonstration.prompt().text().isEmpty()) {
        return SftExample.text(cut(ended(tokenizer.encode(demonstration.completion(), true)), 0));
      }
      int[] prompt = prompts.encode(demonstration.prompt());
      int[] completion = ended(tokenizer.encode(demonstration.completion()));
      return SftExample.completion(prompt, cut(completion, prompt.length));
    }

    private int[] ended(int[] ids) {
      if (eosTokenId < 0) {
        return ids;
      }
      int[] ended = Arrays.copyOf(ids, ids.length + 1);
      ended[ids.length] = eosTokenId;
      return ended;
    }

    private int[] cut(int[] ids, int before) {
      return Arrays.copyOf(ids, Math.max(0, Math.min(ids.length, maxTokens - before)));
    }
  }
}

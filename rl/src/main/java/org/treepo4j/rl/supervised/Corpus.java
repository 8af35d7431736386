package org.treepo4j.rl.supervised;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.treepo4j.rl.data.Demonstration;
import org.treepo4j.rl.data.DemonstrationReader;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.TaskReader;
import org.treepo4j.rl.loss.SftExample;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.rl.tasks.SyntheticTask;
import org.treepo4j.rl.tasks.SyntheticTasks;
import org.treepo4j.tokenizer.DroppedCharacters;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * Demonstrations as token ids: prompts are given, completions with an end-of-sequence token are
 * learned.
 *
 * @param training at least one example
 * @param validation may be empty
 * @param shortened examples that lost their end to the longest length
 * @param leftOut examples with nothing to learn: no room for a completion, or no text
 * @param losing examples with characters that the tokenizer has no token for
 * @param dropped these characters
 */
public record Corpus(
    List<SftExample> training,
    List<SftExample> validation,
    int shortened,
    int leftOut,
    int losing,
    DroppedCharacters dropped) {

  /**
   * Reads or makes the demonstrations.
   *
   * @param eosTokenIds of the model's configuration; what ends a completion, {@link
   *     PromptEncoder#endToken} tells
   * @param maxTokens longer examples are cut
   * @param seed of a synthetic task
   * @throws IOException when a file cannot be read or understood
   * @throws IllegalArgumentException when the settings name no source, a task that is not there, or
   *     examples of which nothing is left
   */
  public static Corpus load(
      CorpusSettings settings,
      Tokenizer tokenizer,
      PromptEncoder prompts,
      List<Integer> eosTokenIds,
      int maxTokens,
      long seed)
      throws IOException {
    Encoder encoder = new Encoder(tokenizer, prompts, eosTokenIds, maxTokens);
    if (!settings.task().isEmpty()) {
      SyntheticTask task = SyntheticTasks.named(settings.task());
      SplittableRandom random = new SplittableRandom(seed);
      SplittableRandom validation = random.split();
      Set<String> heldOut = prompts(settings.heldOut());
      return encoder.corpus(
          encoder.made(task, settings.examples(), heldOut, random),
          encoder.made(task, settings.validationExamples(), heldOut, validation));
    }
    if (settings.train().isEmpty()) {
      throw new IllegalArgumentException("train must name files, or task a synthetic task");
    }
    return encoder.corpus(
        encoder.read(settings.train(), settings.turns()),
        encoder.read(settings.validation(), settings.turns()));
  }

  private static Set<String> prompts(List<Path> files) throws IOException {
    Set<String> prompts = new HashSet<>();
    for (Path file : files) {
      TaskReader.read(file).forEach(task -> prompts.add(task.prompt().text()));
    }
    return prompts;
  }

  private static final class Encoder {
    /** A task whose problems are all held out must not be drawn from for ever. */
    private static final int MAX_REFUSED = 1_000_000;

    private final Tokenizer tokenizer;
    private final PromptEncoder prompts;
    private final List<Integer> eosTokenIds;
    private final int maxTokens;
    private int shortened;
    private int leftOut;
    private int losing;
    private DroppedCharacters dropped = DroppedCharacters.NONE;

    Encoder(Tokenizer tokenizer, PromptEncoder prompts, List<Integer> eosTokenIds, int maxTokens) {
      this.tokenizer = tokenizer;
      this.prompts = prompts;
      this.eosTokenIds = eosTokenIds;
      this.maxTokens = maxTokens;
    }

    Corpus corpus(List<SftExample> training, List<SftExample> validation) {
      if (training.isEmpty()) {
        throw new IllegalArgumentException(
            "train has no example with a completion within the first %d tokens"
                .formatted(maxTokens));
      }
      return new Corpus(training, validation, shortened, leftOut, losing, dropped);
    }

    List<SftExample> read(List<Path> files, DemonstrationReader.Turns turns) throws IOException {
      List<SftExample> examples = new ArrayList<>();
      for (Path file : files) {
        for (Demonstration demonstration : DemonstrationReader.read(file, turns)) {
          example(demonstration).ifPresent(examples::add);
        }
      }
      return examples;
    }

    List<SftExample> made(
        SyntheticTask task, int count, Set<String> heldOut, SplittableRandom random) {
      List<SftExample> examples = new ArrayList<>();
      int refused = 0;
      for (int i = 0; i < count; i++) {
        SyntheticTask.Problem problem = task.problem(random);
        while (heldOut.contains(problem.prompt())) {
          if (++refused > MAX_REFUSED) {
            throw new IllegalArgumentException(
                "heldOut must leave problems of the task, left none");
          }
          problem = task.problem(random);
        }
        example(
                new Demonstration(
                    new Prompt.Text(problem.prompt()), task.demonstration(problem, random)))
            .ifPresent(examples::add);
      }
      return examples;
    }

    private Optional<SftExample> example(Demonstration demonstration) {
      note(demonstration);
      if (demonstration.prompt().text().isEmpty()) {
        int[] text = ended(demonstration, tokenizer.encode(demonstration.completion(), true));
        return Math.min(text.length, maxTokens) < 2
            ? leaveOut()
            : Optional.of(SftExample.text(cut(text, 0)));
      }
      int[] prompt = prompts.encode(demonstration.prompt());
      int[] completion = ended(demonstration, tokenizer.encode(demonstration.completion()));
      return prompt.length == 0 || prompt.length >= maxTokens || completion.length == 0
          ? leaveOut()
          : Optional.of(SftExample.completion(prompt, cut(completion, prompt.length)));
    }

    private void note(Demonstration demonstration) {
      DroppedCharacters lost = tokenizer.dropped(demonstration.completion());
      if (!demonstration.prompt().text().isEmpty()) {
        lost = prompts.dropped(demonstration.prompt()).and(lost);
      }
      if (!lost.isEmpty()) {
        losing++;
        dropped = dropped.and(lost);
      }
    }

    private Optional<SftExample> leaveOut() {
      leftOut++;
      return Optional.empty();
    }

    private int[] ended(Demonstration demonstration, int[] ids) {
      int end = prompts.endToken(demonstration.prompt(), eosTokenIds);
      if (end < 0 || ids.length > 0 && ids[ids.length - 1] == end) {
        return ids;
      }
      int[] ended = Arrays.copyOf(ids, ids.length + 1);
      ended[ids.length] = end;
      return ended;
    }

    private int[] cut(int[] ids, int before) {
      if (ids.length <= maxTokens - before) {
        return ids;
      }
      shortened++;
      return Arrays.copyOf(ids, maxTokens - before);
    }
  }
}

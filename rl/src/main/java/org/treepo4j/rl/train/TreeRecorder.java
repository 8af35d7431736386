package org.treepo4j.rl.train;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.treepo4j.base.files.DurableFiles;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.TreeJsonlWriter;
import org.treepo4j.rollout.TreeLine;
import org.treepo4j.tokenizer.StreamingDecoder;
import org.treepo4j.tokenizer.Tokenizer;

/** Writes some trees of a step with texts and advantages, for people to look at. */
final class TreeRecorder {
  /** Also what a killed process was writing. */
  private static final Pattern FILE = Pattern.compile("\\.?step-([0-9]{6,18})\\.jsonl.*");

  private final Path runFolder;
  private final Path folder;
  private final Tokenizer tokenizer;
  private final int treesKept;

  TreeRecorder(Path runFolder, Tokenizer tokenizer, int treesKept) {
    this.runFolder = runFolder;
    this.folder = runFolder.resolve("trees");
    this.tokenizer = tokenizer;
    this.treesKept = treesKept;
  }

  /** Removes trees of steps that will be run again. */
  void dropAfter(long step) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Matcher name = FILE.matcher(file.getFileName().toString());
        if (name.matches() && Long.parseLong(name.group(1)) > step) {
          Files.delete(file);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /**
   * Keeps some of a step's trees. Which ones follows from their prompts, in an order that is the
   * same at every step: a prompt that comes again is likely to be kept again, and can be followed.
   *
   * @param trained what the step did
   * @param logprobs of unique tokens under the policy after the step, by tree
   */
  void record(
      long step, TrainingStep.Outcome trained, Function<List<TokenTree>, List<float[]>> logprobs)
      throws IOException {
    List<ScoredTree> trees = trained.trees();
    List<Integer> kept =
        IntStream.range(0, trees.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> place(trees.get(i).tree().promptId())))
            .limit(treesKept)
            .toList();
    if (kept.isEmpty()) {
      return;
    }
    List<TokenTree> tokens = kept.stream().map(i -> trees.get(i).tree().toTokenTree()).toList();
    List<float[]> after = logprobs.apply(tokens);
    Path file = folder.resolve(String.format(Locale.ROOT, "step-%06d.jsonl", step));
    DurableFiles.requireStillThere(runFolder);
    try (TreeJsonlWriter writer = TreeJsonlWriter.create(file)) {
      for (int k = 0; k < kept.size(); k++) {
        int i = kept.get(k);
        TreeLine line = line(step, trees.get(i), trained.advantages()[i]);
        trained.training().stream()
            .filter(training -> training.tokens() == trees.get(i).tree().toTokenTree())
            .findFirst()
            .ifPresent(training -> put(line, "old_logprobs", training.oldLogprobs()));
        put(line, "new_logprobs", after.get(k));
        writer.write(line);
      }
      writer.commit();
    }
  }

  /** Prompts in no order that means anything. */
  private static int place(String promptId) {
    return promptId.hashCode() * 0x9E3779B9;
  }

  /** One value for every token of every node; left out where one is not known. */
  private static void put(TreeLine line, String name, float[] byToken) {
    RolloutTree tree = line.tree();
    for (int n = 0; n < tree.nodes().size(); n++) {
      int[] indices = tree.tokenIndices(tree.nodes().get(n));
      if (Arrays.stream(indices).allMatch(token -> Float.isFinite(byToken[token]))) {
        ArrayNode values = line.node(n).putArray(name);
        Arrays.stream(indices).forEach(token -> values.add(byToken[token]));
      }
    }
  }

  private TreeLine line(long step, ScoredTree scored, double[][] advantages) {
    RolloutTree tree = scored.tree();
    TreeLine line = TreeLine.of(tree);
    line.json().put("step", step);
    line.json().put("prompt_text", scored.task().prompt().text());
    line.json().put("answer", scored.task().answer());
    pieces(line.json().putArray("prompt_pieces"), tree.promptTokens());
    for (int n = 0; n < tree.nodes().size(); n++) {
      pieces(line.node(n).putArray("pieces"), tree.nodes().get(n).tokens());
    }
    for (int t = 0; t < advantages.length; t++) {
      ObjectNode trajectory = line.trajectory(t);
      trajectory.put("correct", scored.scores().get(t).correct());
      trajectory.put("text", scored.responses().get(t));
      ArrayNode values = trajectory.putArray("advantages");
      for (double advantage : advantages[t]) {
        values.add(advantage);
      }
    }
    return line;
  }

  /** Text of each token; a character cut between tokens belongs to the token that completes it. */
  private void pieces(ArrayNode pieces, int[] tokens) {
    StreamingDecoder decoder = tokenizer.streamingDecoder(true);
    for (int token : tokens) {
      pieces.add(decoder.append(token));
    }
  }
}

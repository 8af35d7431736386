package org.treepo4j.rl.train;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  private final Path folder;
  private final Tokenizer tokenizer;
  private final int treesKept;

  TreeRecorder(Path runFolder, Tokenizer tokenizer, int treesKept) {
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
   * @param advantages {@code [tree][trajectory][response token]}
   */
  void record(long step, List<ScoredTree> trees, double[][][] advantages) throws IOException {
    int count = Math.min(treesKept, trees.size());
    if (count == 0) {
      return;
    }
    Path file = folder.resolve(String.format(Locale.ROOT, "step-%06d.jsonl", step));
    try (TreeJsonlWriter writer = TreeJsonlWriter.create(file)) {
      for (int i = 0; i < count; i++) {
        writer.write(line(step, trees.get(i), advantages[i]));
      }
      writer.commit();
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

package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.treepo4j.rl.train.Corpus;
import org.treepo4j.rl.train.CorpusSettings;
import org.treepo4j.rl.train.SupervisedTrainer;
import org.treepo4j.tokenizer.Tokenizer;

/** What {@code pretrain} and {@code sft} have in common. */
final class SupervisedRun {
  private SupervisedRun() {}

  static Corpus corpus(
      CorpusSettings settings,
      Tokenizer tokenizer,
      Path folder,
      int eosTokenId,
      int maxTokens,
      long seed)
      throws IOException {
    try {
      return Corpus.load(
          settings, tokenizer, OpenModel.prompts(folder, tokenizer), eosTokenId, maxTokens, seed);
    } catch (IllegalArgumentException e) {
      throw new InputException("corpus: " + e.getMessage());
    }
  }

  static void finish(
      SupervisedTrainer.Result result, RunFolder run, RunConsole console, PrintWriter out)
      throws IOException {
    ObjectNode json = JsonLines.JSON.createObjectNode();
    if (Double.isFinite(result.validationLoss())) {
      json.put("validation_loss", result.validationLoss());
    }
    json.put("steps", result.steps());
    json.put("tokens", result.tokens());
    json.put("seconds", Math.round(result.seconds() * 1000) / 1000.0);
    json.put("run", run.path().toString());
    json.put("checkpoint", String.valueOf(result.checkpoint()));
    String line = JsonLines.JSON.writeValueAsString(json);
    run.writeSummary(line);
    console.close();
    out.println(line);
  }
}

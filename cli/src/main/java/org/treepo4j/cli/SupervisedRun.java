package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
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
      int vocabSize,
      long seed)
      throws IOException {
    Corpus corpus;
    try {
      corpus =
          Corpus.load(
              settings,
              tokenizer,
              OpenModel.prompts(folder, tokenizer),
              eosTokenId,
              maxTokens,
              seed);
    } catch (IllegalArgumentException e) {
      throw new InputException("corpus." + e.getMessage());
    }
    int highest =
        Stream.of(corpus.training(), corpus.validation())
            .flatMap(List::stream)
            .flatMapToInt(example -> Arrays.stream(example.tokens().tokens()))
            .max()
            .getAsInt();
    if (highest >= vocabSize) {
      throw new InputException(
          "%s: the tokenizer gives token %d, the model has %d; they do not belong together"
              .formatted(folder, highest, vocabSize));
    }
    return corpus;
  }

  /** Tells what of the files is not learned from. */
  static void tell(Corpus corpus, int maxTokens, RunConsole console) {
    if (corpus.shortened() > 0) {
      console.note(corpus.shortened() + " examples are cut to " + maxTokens + " tokens");
    }
    if (corpus.leftOut() > 0) {
      console.note(
          "%d examples are left out: no completion within %d tokens"
              .formatted(corpus.leftOut(), maxTokens));
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

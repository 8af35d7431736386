package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "tokenize",
    mixinStandardHelpOptions = true,
    description =
        "JSON lines from stdin to stdout: {\"text\": …} to {\"ids\": […]}, or back with --decode."
            + " Characters that the tokenizer has no token for stand in a field dropped.")
final class TokenizeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = {"--tokenizer", "--model"},
      required = true,
      paramLabel = "DIR",
      description = "GGUF file, or folder with tokenizer.json, or vocab.json and merges.txt.")
  private Path folder;

  @Option(names = "--decode", description = "{\"ids\": […]} to {\"text\": …}.")
  private boolean decode;

  @Option(names = "--add-special-tokens", description = "Add BOS and EOS as the model wants them.")
  private boolean addSpecialTokens;

  @Option(names = "--keep-special-tokens", description = "With --decode: show special tokens.")
  private boolean keepSpecialTokens;

  @Override
  public Integer call() throws Exception {
    Tokenizer tokenizer = ModelTokenizer.open(folder).tokenizer();
    JsonLines.answer(
        System.in,
        spec.commandLine().getOut(),
        request -> decode ? decoded(tokenizer, request) : encoded(tokenizer, request));
    return 0;
  }

  private ObjectNode encoded(Tokenizer tokenizer, ObjectNode request) {
    ObjectNode answer = JsonLines.JSON.createObjectNode();
    ArrayNode ids = answer.putArray("ids");
    String text = JsonLines.text(request, "text");
    for (int id : tokenizer.encode(text, addSpecialTokens)) {
      ids.add(id);
    }
    for (int codePoint : tokenizer.dropped(text).codePoints()) {
      answer.withArray("dropped").add(Character.toString(codePoint));
    }
    return answer;
  }

  private ObjectNode decoded(Tokenizer tokenizer, ObjectNode request) {
    String text = tokenizer.decode(JsonLines.ids(request, "ids"), keepSpecialTokens);
    return JsonLines.JSON.createObjectNode().put("text", text);
  }
}

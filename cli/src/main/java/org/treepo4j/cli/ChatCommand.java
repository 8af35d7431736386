package org.treepo4j.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.tokenizer.ChatTemplate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "chat",
    mixinStandardHelpOptions = true,
    description =
        "JSON lines {\"messages\": […], \"add_generation_prompt\": true, \"tools\": […]} from stdin"
            + " to {\"text\": …} on stdout, through the model's own chat template.")
final class ChatCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = {"--tokenizer", "--model"},
      required = true,
      paramLabel = "DIR",
      description = "GGUF file, or folder with tokenizer_config.json or chat_template.jinja.")
  private Path folder;

  @Override
  public Integer call() throws Exception {
    ChatTemplate template =
        ModelTokenizer.chatTemplate(folder)
            .orElseThrow(() -> new InputException(folder + ": has no chat template"));
    JsonLines.answer(
        System.in,
        spec.commandLine().getOut(),
        request -> JsonLines.JSON.createObjectNode().put("text", template.render(request)));
    return 0;
  }
}

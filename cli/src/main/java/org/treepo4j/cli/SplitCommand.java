package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.rl.data.DataSettings;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskReader;
import org.treepo4j.rl.data.TaskSplit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "split",
    mixinStandardHelpOptions = true,
    description =
        "Writes DIR/train.jsonl and DIR/test.jsonl from files of tasks, no question in both or"
            + " twice (case, spacing and punctuation aside); one JSON line says what was left out.")
final class SplitCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ConfigMixin config;
  @Mixin private SeedMixin seed;

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "JSON lines, JSON arrays or Parquet.")
  private List<Path> files;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Where to write.")
  private Path folder;

  @Option(
      names = "--held-out",
      paramLabel = "N",
      required = true,
      description = "How many tasks go into test.jsonl.")
  private int heldOut;

  @Option(
      names = "--max-number",
      paramLabel = "N",
      description = "Leaves out tasks with a number, asked or answered, above N or not whole.")
  private Integer largestNumber;

  @Override
  public Integer call() throws Exception {
    DataSettings settings = config.read(DataCommand.Settings.class).data();
    if (heldOut <= 0) {
      throw new InputException("--held-out must be positive, was " + heldOut);
    }
    Path test = unused("test.jsonl");
    Path train = unused("train.jsonl");
    List<Task> tasks = new ArrayList<>();
    for (Path file : files) {
      InputException.requireFile(file);
      tasks.addAll(TaskReader.read(file, settings.fields()));
    }
    TaskSplit split;
    try {
      split = TaskSplit.of(tasks, heldOut, largestNumber, seed.value());
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
    write(test, split.heldOut());
    write(train, split.train());
    ObjectNode line = JsonLines.JSON.createObjectNode();
    line.put("tasks", tasks.size())
        .put("train", split.train().size())
        .put("heldOut", split.heldOut().size())
        .put("duplicates", split.duplicates())
        .put("contradictions", split.contradictions())
        .put("unfit", split.unfit());
    spec.commandLine().getOut().println(JsonLines.JSON.writeValueAsString(line));
    return 0;
  }

  /** Another split's files, or what it is made from, must not be lost. */
  private Path unused(String name) {
    Path file = folder.resolve(name);
    if (Files.exists(file)) {
      throw new InputException(file + ": exists already");
    }
    return file;
  }

  private static void write(Path file, List<Task> tasks) throws IOException {
    try (WholeFile whole = WholeFile.create(file)) {
      OutputStream out = whole.output();
      for (Task task : tasks) {
        String row = JsonLines.JSON.writeValueAsString(row(task)) + "\n";
        out.write(row.getBytes(StandardCharsets.UTF_8));
      }
      whole.commit();
    }
  }

  private static ObjectNode row(Task task) {
    ObjectNode row = JsonLines.JSON.createObjectNode();
    if (task.prompt() instanceof Prompt.Conversation conversation) {
      ArrayNode messages = row.putArray("prompt");
      conversation.messages().forEach(message -> messages.addPOJO(message));
    } else {
      row.put("prompt", task.prompt().text());
    }
    row.put("answer", task.answer());
    if (!task.category().isEmpty()) {
      row.put("category", task.category());
    }
    return row;
  }
}

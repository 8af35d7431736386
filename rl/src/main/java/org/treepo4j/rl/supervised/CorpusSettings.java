package org.treepo4j.rl.supervised;

import java.nio.file.Path;
import java.util.List;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.rl.data.DemonstrationReader.Turns;

/** What a supervised run learns from: files, or a synthetic task's demonstrations. */
public record CorpusSettings(
    @Setting("JSONL files of {prompt, completion}, {text} or {messages} rows") List<Path> train,
    @Setting("JSONL files for the validation loss") List<Path> validation,
    @Setting("synthetic task that makes the demonstrations instead of files; empty for none")
        String task,
    @Setting(value = "demonstrations the task makes for training", max = 1e8) int examples,
    @Setting(value = "demonstrations the task makes for the validation loss", max = 1e7)
        int validationExamples,
    @Setting(
            "files of tasks that the synthetic task must not show: no demonstration has a prompt of them")
        List<Path> heldOut,
    @Setting("which of the assistant's messages in a conversation are learned") Turns turns) {

  public static CorpusSettings defaults() {
    return new CorpusSettings(List.of(), List.of(), "", 50_000, 500, List.of(), Turns.ALL);
  }

  public CorpusSettings {
    heldOut = List.copyOf(heldOut);
    if (task.isEmpty() && !heldOut.isEmpty()) {
      throw new IllegalArgumentException("heldOut must be empty where no task is given");
    }
    if (!task.isEmpty() && !train.isEmpty()) {
      throw new IllegalArgumentException("task must be empty where train files are given");
    }
    if (examples <= 0) {
      throw new IllegalArgumentException("examples must be positive, was " + examples);
    }
    if (validationExamples < 0) {
      throw new IllegalArgumentException(
          "validationExamples must not be negative, was " + validationExamples);
    }
  }
}

package org.treepo4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.base.InputException;
import org.treepo4j.rl.eval.Sample;
import org.treepo4j.rl.eval.TaskSamples;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.Trajectory;

/** Evaluated responses as JSONL, a task a line, so that an evaluation can go on and be compared. */
final class SampleFile {
  private static final ObjectMapper JSON = JsonLines.JSON.copy().registerModule(new Jdk8Module());

  private SampleFile() {}

  static TaskSamples samples(ScoredTree tree) {
    List<Sample> samples = new ArrayList<>();
    for (int i = 0; i < tree.scores().size(); i++) {
      Score score = tree.scores().get(i);
      Trajectory trajectory = tree.tree().trajectories().get(i);
      samples.add(
          new Sample(
              tree.responses().get(i),
              score.answer(),
              score.correct(),
              tree.tree().responseLength(trajectory),
              trajectory.finish()));
    }
    return new TaskSamples(tree.task().id(), tree.task().category(), samples);
  }

  static void append(Path file, List<TaskSamples> tasks) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (TaskSamples task : tasks) {
      lines.append(JSON.writeValueAsString(task)).append('\n');
    }
    Files.writeString(
        file, lines, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  static List<TaskSamples> read(Path file) throws IOException {
    InputException.requireFile(file);
    List<TaskSamples> tasks = new ArrayList<>();
    int number = 0;
    for (String line : Files.readAllLines(file)) {
      number++;
      try {
        tasks.add(JSON.readValue(line, TaskSamples.class));
      } catch (JsonProcessingException e) {
        throw new InputException(
            file + " line " + number + ": is no sample: " + e.getOriginalMessage());
      }
    }
    return tasks;
  }
}

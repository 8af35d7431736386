package org.treepo4j.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.treepo4j.base.InputException;
import org.treepo4j.base.files.AppendedFile;
import org.treepo4j.base.files.ProcessLock;
import org.treepo4j.base.json.StrictJson;
import org.treepo4j.rl.eval.TaskSamples;
import org.treepo4j.rl.eval.TaskSamples.Sample;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.Trajectory;

/**
 * Evaluated responses as JSONL, a task a line, so that an evaluation can go on and be compared. The
 * first line also says, under {@value #EVALUATION}, what the samples were made from. Locked while
 * it is open; lines are on disk, whole, when {@link #append} returns.
 */
final class SampleFile implements AutoCloseable {
  private static final String EVALUATION = "evaluation";

  private static final ObjectMapper JSON = JsonLines.JSON.copy().registerModule(new Jdk8Module());

  private final AppendedFile file;
  private final ProcessLock lock;
  private final Evaluation evaluation;
  private final List<TaskSamples> earlier;
  private boolean begun;

  private SampleFile(
      AppendedFile file, ProcessLock lock, Evaluation evaluation, List<TaskSamples> earlier) {
    this.file = file;
    this.lock = lock;
    this.evaluation = evaluation;
    this.earlier = earlier;
    this.begun = !earlier.isEmpty();
  }

  /**
   * Opens a file for an evaluation to begin or to go on.
   *
   * @param evaluation what the samples are made from
   * @param notes told when a line that a kill had torn is dropped
   * @throws InputException when the file holds another evaluation
   * @throws IOException when another command writes to it
   */
  static SampleFile open(Path path, Evaluation evaluation, Consumer<String> notes)
      throws IOException {
    ProcessLock lock = ProcessLock.ofFile(path);
    AppendedFile file = null;
    boolean done = false;
    try {
      Content content = Files.isRegularFile(path) ? Content.read(path) : Content.NONE;
      if (!content.tasks.isEmpty()) {
        content.require(path).requireSame(evaluation, path.toString());
      }
      file = AppendedFile.open(path);
      if (content.torn) {
        notes.accept(path + ": the last line was cut off by a kill or a full disk; dropped");
        file.truncate(content.wholeBytes);
      } else if (content.unended) {
        file.append("\n");
      }
      done = true;
      return new SampleFile(file, lock, evaluation, content.tasks);
    } finally {
      if (!done) {
        if (file != null) {
          file.close();
        }
        lock.close();
      }
    }
  }

  /**
   * Samples of another evaluation, for a comparison task by task.
   *
   * @param evaluation what they are compared with; its tasks must be the same
   * @throws InputException when they are of other tasks
   */
  static List<TaskSamples> comparable(Path path, Evaluation evaluation) throws IOException {
    InputException.requireFile(path);
    Content content = Content.read(path);
    if (content.tasks.isEmpty()) {
      throw new InputException(path + ": holds no samples");
    }
    Evaluation other = content.require(path);
    other.requireSameTasks(evaluation, path);
    return other.byRow(content.tasks);
  }

  /** What earlier commands have sampled. */
  List<TaskSamples> earlier() {
    return earlier;
  }

  void append(List<TaskSamples> tasks) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (TaskSamples task : tasks) {
      ObjectNode line = JSON.valueToTree(task);
      if (!begun) {
        line.set(EVALUATION, evaluation.json());
        begun = true;
      }
      lines.append(JSON.writeValueAsString(line)).append('\n');
    }
    file.append(lines.toString());
  }

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

  @Override
  public void close() throws IOException {
    file.close();
    lock.close();
  }

  /**
   * What a file holds.
   *
   * @param evaluation what it says it was made from
   * @param wholeBytes up to the end of the last whole line
   * @param torn whether the rest is a part of a line
   * @param unended whether only the last line feed is missing
   */
  private record Content(
      Optional<Evaluation> evaluation,
      List<TaskSamples> tasks,
      long wholeBytes,
      boolean torn,
      boolean unended) {
    static final Content NONE = new Content(Optional.empty(), List.of(), 0, false, false);

    static Content read(Path path) throws IOException {
      byte[] bytes = Files.readAllBytes(path);
      Evaluation evaluation = null;
      List<TaskSamples> tasks = new ArrayList<>();
      Set<String> seen = new HashSet<>();
      int begin = 0;
      for (int number = 1; begin < bytes.length; number++) {
        int end = begin;
        while (end < bytes.length && bytes[end] != '\n') {
          end++;
        }
        String place = path + " line " + number;
        ObjectNode said;
        TaskSamples task;
        try {
          ObjectNode line = object(bytes, begin, end);
          said = line.path(EVALUATION) instanceof ObjectNode object ? object : null;
          task = JSON.treeToValue(line.without(EVALUATION), TaskSamples.class);
        } catch (JsonProcessingException e) {
          if (end == bytes.length) {
            return new Content(Optional.ofNullable(evaluation), tasks, begin, true, false);
          }
          String problem =
              e instanceof JsonMappingException
                  ? "expected an object with taskId, category and samples"
                  : StrictJson.problem(e);
          throw new InputException(place + ": is no sample: " + problem);
        }
        if (said != null) {
          Evaluation one = Evaluation.of(said);
          if (evaluation != null) {
            evaluation.requireSame(one, place);
          }
          evaluation = one;
        }
        if (!seen.add(task.taskId())) {
          throw new InputException(place + ": task " + task.taskId() + " comes twice");
        }
        tasks.add(task);
        begin = end + 1;
      }
      return new Content(
          Optional.ofNullable(evaluation), tasks, bytes.length, false, begin > bytes.length);
    }

    private static ObjectNode object(byte[] bytes, int begin, int end) throws IOException {
      if (JSON.readTree(bytes, begin, end - begin) instanceof ObjectNode object) {
        return object;
      }
      throw JsonMappingException.from((JsonParser) null, "expected an object");
    }

    Evaluation require(Path path) {
      return evaluation.orElseThrow(
          () ->
              new InputException(
                  path
                      + ": does not say what its samples were made from, as files of earlier"
                      + " versions do not; evaluate again into another file"));
    }
  }
}

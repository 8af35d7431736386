package org.treepo4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.treepo4j.base.InputException;
import org.treepo4j.base.files.Fingerprint;
import org.treepo4j.base.settings.SettingsComparison;
import org.treepo4j.checkpoints.ModelFingerprint;
import org.treepo4j.rl.eval.TaskSamples;

/**
 * What the samples of an evaluation were made from: model and data by their contents, and every
 * setting that changes a sample or what it is worth, each under a dotted key.
 *
 * @param json the values by key
 */
record Evaluation(ObjectNode json) {
  private static final String DATA_FILE = "data.file";
  private static final String DATA_CONTENT = "data.content";

  /** Which fields of a row are prompt and answer: with the data's content, what a task is. */
  private static final String DATA_FIELDS = "data.fields.";

  private static final int MOST_SHOWN = 3;

  /** What the options decide; the settings of trees have no part in independent samples. */
  private static final List<String> BY_OPTIONS =
      List.of("rollout.maxWidth", "rollout.minWidth", "rollout.sampling.temperature");

  /**
   * All but the model: enough to compare with another evaluation.
   *
   * @param settings of data, sampling and rewards
   * @param samples responses per task
   * @param temperature of sampling
   */
  static Evaluation of(
      Path data, EvalCommand.EvalSettings settings, int samples, double temperature)
      throws IOException {
    ObjectNode json = JsonLines.JSON.createObjectNode();
    json.put(DATA_FILE, data.getFileName().toString());
    json.put(DATA_CONTENT, Fingerprint.of(data));
    SettingsComparison.fixed(settings)
        .forEach((key, value) -> json.set(key, JsonLines.JSON.valueToTree(value)));
    json.remove(BY_OPTIONS);
    json.put("samples", samples);
    json.put("temperature", temperature);
    return of(json);
  }

  /** The same with the model, which is read for it. */
  Evaluation withModel(Path model, Map<String, Object> more) throws IOException {
    ObjectNode all = JsonLines.JSON.createObjectNode();
    ModelFingerprint fingerprint = ModelFingerprint.of(model);
    all.put("model.config", fingerprint.config());
    all.put("model.weights", fingerprint.weights());
    all.put("model.tokenizer", fingerprint.tokenizer());
    more.forEach((key, value) -> all.set(key, JsonLines.JSON.valueToTree(value)));
    all.setAll(json);
    return of(all);
  }

  /** As it is read back from a file, so that equal numbers are equal. */
  static Evaluation of(ObjectNode json) throws IOException {
    return new Evaluation(
        (ObjectNode) JsonLines.JSON.readTree(JsonLines.JSON.writeValueAsBytes(json)));
  }

  /**
   * @param now what is to be added to the samples of this one
   * @param place where they are
   * @throws InputException naming what differs
   */
  void requireSame(Evaluation now, String place) {
    TreeSet<String> keys = new TreeSet<>();
    json.fieldNames().forEachRemaining(keys::add);
    now.json.fieldNames().forEachRemaining(keys::add);
    List<String> differences = differences(now, keys);
    if (!differences.isEmpty()) {
      throw new InputException(
          place + ": holds another evaluation: " + shown(differences) + "; give another --out");
    }
  }

  /**
   * @param now what is to be compared with this one
   * @param file where the samples of this one are
   * @throws InputException when a row of the one's data is another task than that of the other's
   */
  void requireSameTasks(Evaluation now, Path file) {
    TreeSet<String> keys = new TreeSet<>(List.of(DATA_CONTENT));
    for (ObjectNode one : List.of(json, now.json)) {
      one.fieldNames()
          .forEachRemaining(
              key -> {
                if (key.startsWith(DATA_FIELDS)) {
                  keys.add(key);
                }
              });
    }
    List<String> differences = differences(now, keys);
    if (!differences.isEmpty()) {
      throw new InputException(file + ": is of other tasks: " + shown(differences));
    }
  }

  /** The samples under the numbers of their rows, which do not depend on the data file's name. */
  List<TaskSamples> byRow(List<TaskSamples> tasks) {
    String prefix = json.path(DATA_FILE).asText() + ":";
    return tasks.stream()
        .map(
            task ->
                task.taskId().startsWith(prefix)
                    ? new TaskSamples(
                        task.taskId().substring(prefix.length()), task.category(), task.samples())
                    : task)
        .toList();
  }

  private List<String> differences(Evaluation now, Iterable<String> keys) {
    List<String> differences = new ArrayList<>();
    for (String key : keys) {
      JsonNode old = json.path(key);
      JsonNode given = now.json.path(key);
      if (!old.equals(given)) {
        differences.add(
            isFingerprint(key)
                ? key + " differs"
                : "%s was %s, is %s".formatted(key, shown(old), shown(given)));
      }
    }
    return differences;
  }

  private static boolean isFingerprint(String key) {
    return key.startsWith("model.") || key.equals(DATA_CONTENT);
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "nothing" : value.toString();
  }

  private static String shown(List<String> differences) {
    List<String> first = differences.subList(0, Math.min(MOST_SHOWN, differences.size()));
    int more = differences.size() - first.size();
    return String.join(", ", first) + (more > 0 ? " and " + more + " more" : "");
  }
}

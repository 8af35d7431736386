package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.engine.MemoryNeed;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.TaskFile;
import org.treepo4j.rl.run.RunFolder;
import org.treepo4j.rl.train.MemoryEstimate;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rl.train.TrainingInputs;

/**
 * What is known of a run before any weight is loaded.
 *
 * @param hasWeights whether the model folder has weight files
 * @param longestResponse tokens that the settings allow a response
 * @param memoryLimit bytes the JVM may use
 */
record DryRun(
    TrainSettings settings,
    TrainingInputs inputs,
    boolean hasWeights,
    int longestResponse,
    MemoryEstimate memory,
    long memoryLimit) {

  /**
   * @throws IOException for what is not there or not understood
   * @throws InputException for what does not belong together
   */
  static DryRun of(TrainSettings settings) throws IOException {
    RunFolder.requirePlace(settings.output());
    TrainingInputs inputs = TrainingInputs.open(settings);
    MemoryEstimate memory = inputs.memory(settings);
    long limit = Runtime.getRuntime().maxMemory();
    int longest =
        (int)
            Math.min(
                settings.rollout().maxResponseTokens(),
                (long) settings.rollout().segmentLength() * settings.rollout().maxDepth());
    return new DryRun(
        settings, inputs, ModelSource.hasWeights(settings.model()), longest, memory, limit);
  }

  /** JSON for machines, lines for people. */
  void print(PrintWriter out, PrintWriter err) throws IOException {
    lines().forEach(err::println);
    err.flush();
    out.println(JsonLines.JSON.writeValueAsString(json()));
  }

  /**
   * @throws InputException for a run that would end for want of memory
   */
  void requireMemory() {
    memory.require(memoryLimit);
  }

  private boolean fits() {
    return memory.needed() <= memoryLimit;
  }

  private List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        text(
            "model: %s, %s, %,d parameters, %,d of them or of adapters trained",
            settings.model(),
            inputs.config().architecture().modelType(),
            memory.parameters(),
            memory.trained()));
    inputs.train().forEach(file -> lines.add("train: " + line(file)));
    inputs.test().forEach(file -> lines.add("test: " + line(file)));
    lines.add(
        text(
            "prompts: %d to %d tokens, responses up to %d, the model holds %d",
            inputs.promptTokens().min(),
            inputs.promptTokens().max(),
            longestResponse,
            inputs.config().maxPositions()));
    lines.add(
        "responses end with: "
            + (endTokens().isEmpty() ? "nothing" : String.join(", ", endTokens().values())));
    lines.add(
        text(
            "memory: %s weights, %s gradients, %s optimizer; %s more while sampling or %s of"
                + " activations while training: %s; keys and values up to %s; the JVM may use %s",
            MemoryNeed.gigabytes(
                memory.weights() + memory.frozenBase() + memory.reference() + memory.engineCopy()),
            MemoryNeed.gigabytes(memory.gradients()),
            MemoryNeed.gigabytes(memory.optimizer()),
            MemoryNeed.gigabytes(memory.decoderWeights()),
            MemoryNeed.gigabytes(memory.activations()),
            MemoryNeed.gigabytes(memory.needed()),
            MemoryNeed.gigabytes(cache()),
            MemoryNeed.gigabytes(memoryLimit)));
    lines.addAll(warnings());
    return lines;
  }

  /** Ids that end a response, with their tokens. */
  private Map<Integer, String> endTokens() {
    Map<Integer, String> tokens = new LinkedHashMap<>();
    for (int id : inputs.prompts().endTokens(inputs.config().eosTokenIds())) {
      boolean known = inputs.tokenizer().hasToken(id);
      tokens.put(id, known ? inputs.tokenizer().token(id) : id + " (no token)");
    }
    return tokens;
  }

  private static String line(TaskFile file) {
    return text(
        "%s, %,d tasks%s",
        file.file(),
        file.tasks().size(),
        file.tooLong() == 0 ? "" : text(", %,d left out for data.maxPromptTokens", file.tooLong()));
  }

  /** What does not stop a run from beginning. */
  private List<String> warnings() {
    List<String> warnings = new ArrayList<>(inputs.notes());
    inputs.droppedNote().ifPresent(warnings::add);
    int vocabulary = inputs.config().vocabSize();
    endTokens()
        .forEach(
            (id, token) -> {
              if (id >= vocabulary) {
                warnings.add(
                    text(
                        "%s: the tokenizer ends texts with %s (%d), which is beyond the model's vocabulary of %d and never comes",
                        settings.model(), token, id, vocabulary));
              }
            });
    if (!hasWeights) {
      warnings.add(settings.model() + " has no weights yet; all else was checked");
    }
    int prompt = inputs.promptTokens().max();
    if (prompt + longestResponse > inputs.config().maxPositions()) {
      warnings.add(
          text(
              "the longest prompts leave room for %d response tokens only, fewer than the settings' %d",
              inputs.config().maxPositions() - prompt, longestResponse));
    }
    if (endTokens().isEmpty()) {
      warnings.add("neither model nor tokenizer name a token that ends a response");
    }
    if (inputs.test().isEmpty()) {
      warnings.add("data.test names no file: the run will not measure accuracy");
    }
    if (fits() && memory.atMost() > memoryLimit) {
      warnings.add(
          text(
              "trees as large as the settings allow would need %s in all; lower rollout.maxWidth or rollout.maxResponseTokens if the run ends for want of memory",
              MemoryNeed.gigabytes(memory.atMost())));
    }
    return warnings;
  }

  private ObjectNode json() {
    ObjectNode json = JsonLines.JSON.createObjectNode();
    json.put("ok", fits());
    ObjectNode model = json.putObject("model");
    model.put("folder", settings.model().toString());
    model.put("architecture", inputs.config().architecture().modelType());
    model.put("parameters", memory.parameters());
    model.put("trained", memory.trained());
    model.put("weights_present", hasWeights);
    model.put("max_positions", inputs.config().maxPositions());
    model.set("end_token_ids", JsonLines.JSON.valueToTree(endTokens().keySet()));
    ObjectNode data = json.putObject("data");
    files(data.putArray("train"), inputs.train());
    files(data.putArray("test"), inputs.test());
    data.set("prompt_tokens", JsonLines.JSON.valueToTree(inputs.promptTokens()));
    data.put("longest_response", longestResponse);
    data.put("first_prompt", firstPrompt());
    ObjectNode bytes = json.putObject("memory_bytes");
    bytes.put("weights", memory.weights());
    bytes.put("frozen_base", memory.frozenBase());
    bytes.put("reference", memory.reference());
    bytes.put("gradients", memory.gradients());
    bytes.put("optimizer", memory.optimizer());
    bytes.put("engine_copy", memory.engineCopy());
    bytes.put("decoder_weights", memory.decoderWeights());
    bytes.put("activations", memory.activations());
    bytes.put("largest_tree", memory.largestTree());
    bytes.put("cache", cache());
    bytes.put("needed", memory.needed());
    bytes.put("at_most", memory.atMost());
    bytes.put("limit", memoryLimit);
    ArrayNode warned = json.putArray("warnings");
    warnings().forEach(warned::add);
    return json;
  }

  private static void files(ArrayNode array, List<TaskFile> files) {
    for (TaskFile file : files) {
      array
          .addObject()
          .put("file", file.file().toString())
          .put("tasks", file.tasks().size())
          .put("too_long", file.tooLong());
    }
  }

  /** As the model will read it. */
  private String firstPrompt() {
    Prompt prompt = inputs.train().get(0).tasks().get(0).prompt();
    return inputs.tokenizer().decode(inputs.prompts().encode(prompt), true);
  }

  /** A decoder makes do with half of the JVM's memory. */
  private long cache() {
    return Math.min(memory.cache(), memoryLimit / 2);
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}

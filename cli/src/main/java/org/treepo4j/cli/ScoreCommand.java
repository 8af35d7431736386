package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.SafetensorsWriter;
import org.treepo4j.checkpoints.TensorSpec;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.RotaryPrecision;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.MemoryNeed;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "score",
    mixinStandardHelpOptions = true,
    description =
        "JSON lines {\"ids\": […]} from stdin to {\"logprobs\": [n−1 values], \"entropies\": [n"
            + " values], \"last_logits\": […]} on stdout.")
final class ScoreCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ModelMixin modelMixin;
  @Mixin private AdapterMixin adapter;

  @Option(
      names = "--gradients",
      paramLabel = "FILE",
      description =
          "Also writes d(sum of all log-probs)/d(weight) of all lines, by tensor name, as"
              + " safetensors.")
  private Path gradients;

  @Option(
      names = "--rotary",
      paramLabel = "P",
      description =
          "Precision of the rotary frequencies: full, as transformers loads a model and as all other"
              + " commands have them; stored rounds them to the format of the weights, as a PyTorch"
              + " model cast as a whole has them. Default ${DEFAULT-VALUE}.")
  private Rotary rotary = Rotary.FULL;

  /** Whose rotary frequencies scores are compared with. */
  enum Rotary {
    FULL,
    STORED
  }

  @Override
  public Integer call() throws Exception {
    Engines.choose(modelMixin.engine());
    if (gradients != null) {
      WholeFile.requireWritable(gradients);
    }
    try (CausalLm model = Engines.open(weights(), modelMixin.engine())) {
      JsonLines.answer(System.in, spec.commandLine().getOut(), request -> score(model, request));
      if (gradients != null) {
        write(model);
      }
    }
    return 0;
  }

  private Weights weights() throws IOException {
    try (ModelSource opened = ModelSource.open(modelMixin.folder())) {
      MemoryNeed.toScore(opened.config(), gradients != null)
          .require("scoring with " + modelMixin.folder(), Runtime.getRuntime().maxMemory());
      Weights weights = adapter.load(opened);
      return rotary == Rotary.STORED
          ? weights.withRotaryPrecision(RotaryPrecision.ofStored(opened))
          : weights;
    }
  }

  private ObjectNode score(CausalLm model, ObjectNode request) {
    int[] ids = JsonLines.ids(request, "ids");
    check(model, ids);
    ForwardOptions options = gradients == null ? ForwardOptions.SCORE : ForwardOptions.TRAIN;
    try (ForwardPass pass = model.forward(List.of(TokenTree.chain(ids)), options)) {
      ObjectNode answer = JsonLines.JSON.createObjectNode();
      float[] logprobs = pass.logprobs(0);
      put(answer, "logprobs", Arrays.copyOfRange(logprobs, 1, ids.length));
      put(answer, "entropies", pass.entropies(0));
      put(answer, "last_logits", pass.logits(0, ids.length - 1));
      if (gradients != null) {
        float[] ones = new float[ids.length];
        Arrays.fill(ones, 1);
        pass.backward(new float[][] {ones}, null);
      }
      return answer;
    }
  }

  private static void check(CausalLm model, int[] ids) {
    int longest = model.config().maxPositions();
    if (ids.length == 0 || ids.length > longest) {
      throw new InputException("ids: expected 1 to %d ids, was %d".formatted(longest, ids.length));
    }
    for (int id : ids) {
      if (id < 0 || id >= model.config().vocabSize()) {
        throw new InputException(
            "ids: expected ids below %d, was %d".formatted(model.config().vocabSize(), id));
      }
    }
  }

  private static void put(ObjectNode answer, String name, float[] values) {
    ArrayNode array = answer.putArray(name);
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new InputException(name + ": not finite, " + value + " (are the weights whole?)");
      }
      array.add(value);
    }
  }

  private void write(CausalLm model) throws IOException {
    requireFinite(model.weights());
    List<TensorSpec> specs = new ArrayList<>();
    model
        .weights()
        .shapes()
        .forEach((name, shape) -> specs.add(TensorSpec.of(name, DType.F32, shape)));
    try (SafetensorsWriter writer = SafetensorsWriter.create(gradients, specs, Map.of())) {
      for (Parameter parameter : model.weights().parameters()) {
        writer.writeFloats(parameter.name(), parameter.gradient());
      }
      writer.finish();
    }
  }

  /**
   * @throws InputException naming the first gradient with an element that is not finite
   */
  static void requireFinite(Weights weights) {
    for (Parameter parameter : weights.parameters()) {
      float[] gradient = parameter.gradient();
      for (int i = 0; i < gradient.length; i++) {
        if (!Float.isFinite(gradient[i])) {
          throw new InputException(
              "--gradients: nothing written, the gradient of "
                  + parameter.name()
                  + " is not finite: "
                  + gradient[i]
                  + " at element "
                  + i);
        }
      }
    }
  }
}

package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.train.MemoryEstimate;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * What a model is and needs, known without loading its weights.
 *
 * @param format Hugging Face folder or GGUF file
 * @param notes on how its files are read, each on a line
 * @param elementsByType numbers stored in each number type
 * @param full memory to train all weights, with the default settings
 * @param lora memory to train adapters of rank {@value #RANK}
 * @param sampling bytes of the weights while sampling alone
 * @param cachedToken bytes of keys and values of one token
 * @param cachedPath bytes of the state of linear layers of one path, 0 without such layers
 */
record ModelInfo(
    Path path,
    String format,
    ModelConfig config,
    List<String> notes,
    Map<String, Long> elementsByType,
    Optional<ModelTokenizer> tokenizer,
    MemoryEstimate full,
    MemoryEstimate lora,
    long sampling,
    long cachedToken,
    long cachedPath) {
  private static final int RANK = 16;

  /** A prompt of middling length, for what depends on it. */
  private static final int PROMPT_TOKENS = 256;

  static ModelInfo of(Path path) throws IOException {
    try (ModelSource model = ModelSource.open(path)) {
      WeightsLoader.check(model);
      ModelConfig config = model.config();
      EngineOptions options = EngineOptions.defaults();
      Engine.Memory memory =
          Engines.choose(options, config).memory(config, options, Engine.Trained.NOTHING);
      MemoryEstimate full = estimate(path, config, 0);
      return new ModelInfo(
          path,
          ModelSource.isFile(path) ? "GGUF file" : "Hugging Face folder",
          config,
          model.notes(),
          new TreeMap<>(model.elementsByType()),
          ModelTokenizer.isIn(path) ? Optional.of(ModelTokenizer.open(path)) : Optional.empty(),
          full,
          estimate(path, config, RANK),
          full.weights() + memory.copy() + memory.decoderWeights(),
          memory.cachedToken(),
          memory.cachedPath());
    }
  }

  private static MemoryEstimate estimate(Path path, ModelConfig config, int rank) {
    TrainSettings settings =
        SettingsReader.read(
            TrainSettings.class,
            null,
            List.of(
                "model=" + path.toString(),
                "output=unused",
                "data.train=unused",
                "lora.rank=" + rank));
    int prompt = Math.min(PROMPT_TOKENS, config.maxPositions() / 2);
    return MemoryEstimate.of(settings, config, prompt);
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        text(
            "model: %s, %s, %,d parameters",
            path, config.architecture().modelType(), full.parameters()));
    lines.add(text("stored: %s, %s", format, types()));
    lines.add(
        text(
            "shape: %d layers of width %d, %d heads of %d (%d of keys and values), feed-forward"
                + " %d%s",
            config.layers(),
            config.hiddenSize(),
            config.heads(),
            config.headDim(),
            config.kvHeads(),
            config.ffnSize(),
            config.tiedEmbeddings() ? ", head tied to the embedding" : ""));
    DeltaRule rule = config.design().deltaRule();
    if (rule != null) {
      lines.add(
          text(
              "linear layers: %d of %d, with %d states of %d × %d; %s for each path",
              config.layers() - config.attentionLayers(),
              config.layers(),
              rule.valueHeads(),
              rule.keyDim(),
              rule.valueDim(),
              megabytes(cachedPath)));
    }
    lines.add(text("context: %,d tokens", config.maxPositions()));
    lines.add("tokenizer: " + tokenizer.map(ModelInfo::described).orElse("none"));
    lines.add("chat template: " + (hasChatTemplate() ? "yes" : "no"));
    lines.add(
        text(
            "memory to sample: %s, and %s for 1,000 tokens of keys and values",
            megabytes(sampling), megabytes(1000 * cachedToken)));
    lines.add(
        text(
            "memory to train: all weights %s, adapters of rank %d %s; with the default settings",
            megabytes(full.needed()), RANK, megabytes(lora.needed())));
    lines.addAll(notes);
    return lines;
  }

  ObjectNode json() {
    ObjectNode json = JsonLines.JSON.createObjectNode();
    json.put("model", path.toString());
    json.put("format", format);
    json.put("architecture", config.architecture().modelType());
    json.put("parameters", full.parameters());
    json.set("elements_by_type", JsonLines.JSON.valueToTree(elementsByType));
    json.put("layers", config.layers());
    json.put("hidden_size", config.hiddenSize());
    json.put("heads", config.heads());
    json.put("kv_heads", config.kvHeads());
    json.put("head_dim", config.headDim());
    json.put("ffn_size", config.ffnSize());
    json.put("tied_embeddings", config.tiedEmbeddings());
    json.put("context", config.maxPositions());
    json.put("vocabulary", tokenizer.map(t -> t.tokenizer().vocabSize()).orElse(null));
    json.put("bos_token_id", config.bosTokenId() < 0 ? null : config.bosTokenId());
    json.set("eos_token_ids", JsonLines.JSON.valueToTree(config.eosTokenIds()));
    json.put("chat_template", hasChatTemplate());
    json.set("notes", JsonLines.JSON.valueToTree(notes));
    ObjectNode bytes = json.putObject("memory_bytes");
    bytes.put("sample", sampling);
    bytes.put("cached_token", cachedToken);
    if (cachedPath > 0) {
      bytes.put("cached_path", cachedPath);
    }
    bytes.put("train", full.needed());
    bytes.put("train_lora_16", lora.needed());
    return json;
  }

  private String types() {
    return String.join(
        ", ",
        elementsByType.entrySet().stream()
            .map(type -> text("%s %,d", type.getKey(), type.getValue()))
            .toList());
  }

  private boolean hasChatTemplate() {
    return tokenizer.flatMap(ModelTokenizer::chatTemplate).isPresent();
  }

  private static String described(ModelTokenizer opened) {
    Tokenizer tokenizer = opened.tokenizer();
    OptionalInt bos = opened.special().bos();
    List<String> ends = opened.special().eos().stream().map(id -> named(tokenizer, id)).toList();
    return text(
        "%,d tokens, begins with %s, ends with %s",
        tokenizer.vocabSize(),
        bos.isPresent() ? named(tokenizer, bos.getAsInt()) : "nothing",
        ends.isEmpty() ? "nothing" : String.join(", ", ends));
  }

  private static String named(Tokenizer tokenizer, int id) {
    return (tokenizer.hasToken(id) ? tokenizer.token(id) : "?") + " (" + id + ")";
  }

  private static String megabytes(long bytes) {
    return text("%,d MB", (bytes + (1 << 20) - 1) >> 20);
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}

package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.OptionalInt;

/**
 * The files of a Hugging Face folder that say what an {@link EmbeddedTokenizer} does.
 *
 * @param tokenizer that the files are of
 */
record EmbeddedFiles(EmbeddedTokenizer tokenizer) {
  private static final String SPACE = "▁";

  /** {@code tokenizer.json} but for the vocabulary and the merges. */
  ObjectNode tokenizerJson() {
    ObjectNode json = JsonFiles.MAPPER.createObjectNode();
    json.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = json.putArray("added_tokens");
    for (AddedToken token : tokenizer.addedTokens()) {
      added
          .addObject()
          .put("id", token.id())
          .put("content", token.content())
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", token.special());
    }
    ObjectNode model = JsonFiles.MAPPER.createObjectNode();
    model.put("type", "BPE").putNull("dropout");
    if (tokenizer.pattern().isPresent()) {
      byteLevel(json, model, tokenizer.pattern().get());
    } else {
      sentencePiece(json, model);
    }
    json.set("post_processor", postProcessor());
    json.set("model", model);
    return json;
  }

  private static void byteLevel(ObjectNode json, ObjectNode model, NamedPattern pattern) {
    json.putNull("normalizer");
    ArrayNode stages =
        json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
    for (String regex : pattern.splits()) {
      ObjectNode split = stages.addObject().put("type", "Split");
      split.putObject("pattern").put("Regex", regex);
      split.put("behavior", "Isolated").put("invert", false);
    }
    stages.add(byteLevelStage());
    json.set("decoder", byteLevelStage());
    model.putNull("unk_token").put("fuse_unk", false).put("byte_fallback", false);
    model.put("ignore_merges", pattern.wholeWords());
  }

  private static ObjectNode byteLevelStage() {
    return JsonFiles.MAPPER
        .createObjectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", false);
  }

  private void sentencePiece(ObjectNode json, ObjectNode model) {
    boolean prefix = tokenizer.fields().addSpacePrefix().orElse(true);
    ArrayNode normalizers =
        json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
    if (prefix) {
      normalizers.addObject().put("type", "Prepend").put("prepend", SPACE);
    }
    replace(normalizers, " ", SPACE);
    json.putNull("pre_tokenizer");
    ArrayNode decoders = json.putObject("decoder").put("type", "Sequence").putArray("decoders");
    replace(decoders, SPACE, " ");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    if (prefix) {
      decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
    int unknown = tokenizer.unknownId();
    model.put("unk_token", unknown < 0 ? null : tokenizer.fields().tokens().get(unknown));
    model.put("fuse_unk", true).put("byte_fallback", true).put("ignore_merges", false);
  }

  private static void replace(ArrayNode stages, String what, String by) {
    ObjectNode stage = stages.addObject().put("type", "Replace");
    stage.putObject("pattern").put("String", what);
    stage.put("content", by);
  }

  /** BOS and EOS around a text, where the file wants them and has them. */
  private JsonNode postProcessor() {
    ObjectNode template = JsonFiles.MAPPER.createObjectNode().put("type", "TemplateProcessing");
    OptionalInt bos = tokenizer.addBos() ? tokenizer.id("bos") : OptionalInt.empty();
    OptionalInt eos = tokenizer.addEos() ? tokenizer.id("eos") : OptionalInt.empty();
    if (bos.isEmpty() && eos.isEmpty()) {
      return JsonFiles.MAPPER.nullNode();
    }
    ObjectNode tokens = JsonFiles.MAPPER.createObjectNode();
    for (String form : List.of("single", "pair")) {
      ArrayNode pieces = template.putArray(form);
      for (String sequence : form.equals("single") ? List.of("A") : List.of("A", "B")) {
        int type = sequence.equals("A") ? 0 : 1;
        bos.ifPresent(id -> special(pieces, tokens, id, type));
        pieces.addObject().putObject("Sequence").put("id", sequence).put("type_id", type);
        eos.ifPresent(id -> special(pieces, tokens, id, type));
      }
    }
    template.set("special_tokens", tokens);
    return template;
  }

  private void special(ArrayNode pieces, ObjectNode tokens, int id, int type) {
    String content = tokenizer.fields().tokens().get(id);
    pieces.addObject().putObject("SpecialToken").put("id", content).put("type_id", type);
    ObjectNode token = tokens.putObject(content).put("id", content);
    token.putArray("ids").add(id);
    token.putArray("tokens").add(content);
  }

  /** {@code tokenizer_config.json}. */
  ObjectNode tokenizerConfig() {
    ObjectNode config = JsonFiles.MAPPER.createObjectNode();
    config.put("add_bos_token", tokenizer.addBos()).put("add_eos_token", tokenizer.addEos());
    config.put("clean_up_tokenization_spaces", false);
    tokenizer.roleTokens().forEach((role, token) -> config.put(role, token.toString()));
    tokenizer.fields().chatTemplate().ifPresent(template -> config.put("chat_template", template));
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    return config;
  }
}

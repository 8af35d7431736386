package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.treepo4j.testsupport.SharedData;

/** The shared vocabularies with the normalizers, patterns and decoders of other models. */
enum TokenizerVariants {
  QWEN2("tiny-bpe-qwen2", Map.of()),
  GPT2(
      "tiny-bpe-qwen2",
      Map.of(
          "normalizer", "null",
          "pre_tokenizer",
              "{'type':'ByteLevel','add_prefix_space':true,'trim_offsets':true,'use_regex':true}")),
  LLAMA3(
      "tiny-bpe-qwen2",
      Map.of(
          "normalizer",
          "null",
          "pre_tokenizer",
          split(
              "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}|"
                  + " ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"),
          "model.ignore_merges",
          "true",
          "post_processor",
          "{'type':'Sequence','processors':[{'type':'ByteLevel','trim_offsets':true,"
              + "'add_prefix_space':true,'use_regex':true},{'type':'TemplateProcessing','single':["
              + "{'SpecialToken':{'id':'<|im_start|>','type_id':0}},{'Sequence':{'id':'A','type_id':0}},"
              + "{'SpecialToken':{'id':'<|im_end|>','type_id':0}}],'pair':[{'Sequence':{'id':'A','type_id':0}},"
              + "{'Sequence':{'id':'B','type_id':1}}],'special_tokens':{'<|im_start|>':{'id':'<|im_start|>',"
              + "'ids':[2001],'tokens':['<|im_start|>']},'<|im_end|>':{'id':'<|im_end|>','ids':[2002],"
              + "'tokens':['<|im_end|>']}}}]}")),
  GPT4O(
      "tiny-bpe-qwen2",
      Map.of(
          "normalizer",
          "null",
          "pre_tokenizer",
          split(
              "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]*[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]+"
                  + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]+"
                  + "[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\\\p{N}{1,3}|"
                  + " ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n/]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"))),
  SMOLLM(
      "tiny-bpe-qwen2",
      Map.of(
          "normalizer",
          "null",
          "pre_tokenizer",
          "{'type':'Sequence','pretokenizers':[{'type':'Digits','individual_digits':true},"
              + "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':true}]}")),
  FALCON(
      "tiny-bpe-qwen2",
      Map.of(
          "normalizer",
          "null",
          "pre_tokenizer",
          "{'type':'Sequence','pretokenizers':[{'type':'Punctuation','behavior':'Contiguous'},"
              + "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':true},"
              + "{'type':'Digits','individual_digits':false},"
              + "{'type':'Split','pattern':{'Regex':'[0-9][0-9][0-9]'},'behavior':'Isolated','invert':false}]}")),
  DEEPSEEK(
      "tiny-bpe-qwen2",
      Map.of(
          "normalizer",
          "{'type':'Sequence','normalizers':[]}",
          "pre_tokenizer",
          "{'type':'Sequence','pretokenizers':["
              + "{'type':'Split','pattern':{'Regex':'[\\\\r\\\\n]'},'behavior':'Isolated','invert':false},"
              + "{'type':'Split','pattern':{'Regex':'\\\\s?\\\\p{L}+'},'behavior':'Isolated','invert':false},"
              + "{'type':'Split','pattern':{'Regex':'\\\\s?\\\\p{P}+'},'behavior':'Isolated','invert':false},"
              + "{'type':'Split','pattern':{'Regex':'[一-龥ࠀ-一가-퟿]+'},'behavior':'Isolated','invert':false},"
              + "{'type':'Split','pattern':{'Regex':'\\\\s+$'},'behavior':'Isolated','invert':false},"
              + "{'type':'Digits','individual_digits':true},"
              + "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':false}]}")),
  LOWERCASED(
      "tiny-bpe-qwen2",
      Map.of(
          "normalizer",
              "{'type':'Sequence','normalizers':[{'type':'NFKC'},{'type':'Lowercase'},"
                  + "{'type':'Strip','strip_left':true,'strip_right':true},"
                  + "{'type':'Replace','pattern':{'Regex':' {2,}'},'content':' '}]}",
          "added_tokens",
              "[{'id':2000,'content':'<|endoftext|>','single_word':false,'lstrip':true,'rstrip':true,"
                  + "'normalized':false,'special':true},{'id':2001,'content':'Hello','single_word':true,'lstrip':false,"
                  + "'rstrip':false,'normalized':true,'special':false},{'id':2002,'content':'<|im_end|>','single_word':false,"
                  + "'lstrip':false,'rstrip':true,'normalized':true,'special':true}]")),
  LLAMA2("stories260K", Map.of()),
  MISTRAL(
      "stories260K",
      Map.of(
          "normalizer", "null",
          "pre_tokenizer",
              "{'type':'Metaspace','replacement':'▁','prepend_scheme':'first','split':false}")),
  METASPACE(
      "stories260K",
      Map.of(
          "normalizer", "null",
          "pre_tokenizer",
              "{'type':'Metaspace','replacement':'▁','prepend_scheme':'always','split':true}",
          "decoder",
              "{'type':'Metaspace','replacement':'▁','prepend_scheme':'always','split':true}")),
  GEMMA(
      "stories260K",
      Map.of(
          "normalizer", "{'type':'Replace','pattern':{'String':' '},'content':'▁'}",
          "pre_tokenizer",
              "{'type':'Split','pattern':{'String':' '},'behavior':'MergedWithPrevious','invert':false}",
          "decoder",
              "{'type':'Sequence','decoders':[{'type':'Replace','pattern':{'String':'▁'},'content':' '},"
                  + "{'type':'ByteFallback'},{'type':'Fuse'}]}")),
  UNKNOWNS(
      "stories260K",
      Map.of(
          "model.byte_fallback", "false",
          "model.fuse_unk", "false",
          "decoder", "null",
          "pre_tokenizer", "{'type':'BertPreTokenizer'}")),
  FUSED_UNKNOWNS(
      "stories260K",
      Map.of(
          "model.byte_fallback", "false",
          "decoder", "{'type':'BPEDecoder','suffix':'e'}",
          "pre_tokenizer", "{'type':'Whitespace'}")),
  CHARACTERS("arithmetic-sequence-hf", Map.of());

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final String base;
  private final Map<String, String> changes;

  TokenizerVariants(String base, Map<String, String> changes) {
    this.base = base;
    this.changes = changes;
  }

  private static String split(String regex) {
    return "{'type':'Sequence','pretokenizers':[{'type':'Split','pattern':{'Regex':'"
        + regex.replace("'", "\\u0022")
        + "'},'behavior':'Isolated','invert':false},"
        + "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':false}]}";
  }

  /** Writes the variant's {@code tokenizer.json} into a folder. */
  Path writeTo(Path folder) throws IOException {
    Path source = SharedData.require(base).resolve("tokenizer.json");
    ObjectNode root = (ObjectNode) MAPPER.readTree(source.toFile());
    for (Map.Entry<String, String> change : changes.entrySet()) {
      List<String> path = List.of(change.getKey().split("\\."));
      ObjectNode parent = path.size() == 1 ? root : (ObjectNode) root.get(path.get(0));
      JsonNode value =
          MAPPER.readTree(change.getValue().replace('\'', '"').replace("\\u0022", "'"));
      parent.set(path.get(path.size() - 1), value);
    }
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, MAPPER.writeValueAsString(root));
    return file;
  }
}

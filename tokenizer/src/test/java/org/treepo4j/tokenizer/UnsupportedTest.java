package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.treepo4j.base.InputException;

/** What tokenizer files may ask for and this project does not do is named, never ignored. */
class UnsupportedTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder;
  private ObjectNode root;

  @BeforeEach
  void trainSmall() throws IOException {
    new TokenizerTrainer(new SpecialTokenNames(null, "<|end|>", null, null, List.of()))
        .trainByteLevel(List.of("the cat"), 260, folder);
    root = (ObjectNode) MAPPER.readTree(folder.resolve("tokenizer.json").toFile());
  }

  private void assertRefused(String problem) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), MAPPER.writeValueAsString(root));
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining(folder.resolve("tokenizer.json").toString())
        .hasMessageContaining(problem)
        .message()
        .doesNotContain("\n");
  }

  /** Each stage makes a hundred characters of one: after five of them, ten billion. */
  @Test
  void normalizersDoNotGrowATextWithoutBound() throws IOException {
    ObjectNode sequence = root.putObject("normalizer").put("type", "Sequence");
    for (int stage = 0; stage < 5; stage++) {
      ObjectNode replace = sequence.withArray("normalizers").addObject().put("type", "Replace");
      replace.putObject("pattern").put("String", "a");
      replace.put("content", "a".repeat(100));
    }
    Files.writeString(folder.resolve("tokenizer.json"), MAPPER.writeValueAsString(root));
    Tokenizer tokenizer = Tokenizer.load(folder);
    assertThatThrownBy(() -> tokenizer.encode("a cat", false))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the tokenizer's normalizer makes more than");
  }

  /** The last of two would be taken without a word; half of a surrogate pair has no bytes. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "tokenizer.json ; \"vocab\":{ ; \"vocab\":{\"a\":1, ; field 'a' stands twice",
        "tokenizer.json ; \"model\": ; \"decoder\":null,\"model\": ; field 'decoder' stands twice",
        "tokenizer.json ; \"vocab\":{ ; \"vocab\":{\"\\ud800\":1, ; token '\\ud800' is no Unicode text",
        "tokenizer.json ; \"content\":\" ; \"content\":\"\\ud800 ; content: expected Unicode text",
        "tokenizer.json ; \"vocab\":{ ; \"vocab\":{\"new\":5, ; have the same id 5",
        "tokenizer.json ; \"added_tokens\":[ ; \"added_tokens\":[{\"id\":7,\"content\":\"<|end|>\"}, ; token '<|end|>' has the ids 7 and",
        "tokenizer_config.json ; { ; {\"eos_token\":\"a\",\"eos_token\":\"b\", ; field 'eos_token' stands twice",
        "tokenizer_config.json ; { ; {\"chat_template\":\"\\udc00\", ; chat_template: expected Unicode text",
      })
  void doubledFieldsAndHalvesOfCharactersAreNamed(
      String name, String before, String after, String problem) throws IOException {
    Path file = folder.resolve(name);
    String text = MAPPER.readTree(file.toFile()).toString();
    assertThat(text).contains(before);
    Files.writeString(
        file, text.replaceFirst(Pattern.quote(before), Matcher.quoteReplacement(after)));
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(problem);
  }

  @ParameterizedTest
  @CsvSource({
    "model,Unigram,model Unigram",
    "model,WordPiece,model WordPiece",
    "model,Other,model Other",
    "normalizer,BertNormalizer,normalizer BertNormalizer",
    "normalizer,Precompiled,normalizer Precompiled",
    "normalizer,Nmt,normalizer Nmt",
    "pre_tokenizer,UnicodeScripts,pre-tokenizer UnicodeScripts",
    "pre_tokenizer,FixedLength,pre-tokenizer FixedLength",
    "post_processor,Other,post-processor Other",
    "decoder,WordPiece,decoder WordPiece",
    "decoder,CTC,decoder CTC",
  })
  void typesAreRefusedByName(String field, String type, String problem) throws IOException {
    if (field.equals("model")) {
      ((ObjectNode) root.get("model")).put("type", type);
    } else {
      root.putObject(field).put("type", type);
    }
    assertRefused("unsupported " + problem);
  }

  @ParameterizedTest
  @CsvSource({
    "normalizer,normalizers,Nmt,normalizer.normalizers[0]: unsupported normalizer Nmt",
    "pre_tokenizer,pretokenizers,X,pre_tokenizer.pretokenizers[0]: unsupported pre-tokenizer X",
    "decoder,decoders,CTC,decoder.decoders[0]: unsupported decoder CTC",
    "post_processor,processors,X,post_processor.processors[0]: unsupported post-processor X",
  })
  void theyAreFoundInSequencesToo(String field, String list, String type, String problem)
      throws IOException {
    root.putObject(field).put("type", "Sequence").putArray(list).addObject().put("type", type);
    assertRefused(problem);
  }

  @Test
  void dropoutIsRefused() throws IOException {
    ((ObjectNode) root.get("model")).put("dropout", 0.1);
    assertRefused("unsupported dropout 0.1");
  }

  @Test
  void patternsAndBehavioursAreRefused() throws IOException {
    ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
    split.putObject("pattern").put("Regex", "(a)\\1");
    split.put("behavior", "Isolated").put("invert", false);
    assertRefused("pre_tokenizer.pattern: regular expression");
    split.putObject("pattern").put("Regex", "a");
    split.put("behavior", "Sideways");
    assertRefused("unsupported behavior 'Sideways'");
  }

  @Test
  void aSentencePieceModelAloneIsNamed() throws IOException {
    Files.delete(folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("tokenizer.model"), "x");
    assertThatThrownBy(() -> Tokenizer.load(folder)).hasMessageContaining("tokenizer.model");
  }

  @Test
  void vocabularyFilesOfUnknownClassesAreNamed() throws IOException {
    Files.delete(folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0}");
    Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
    Files.writeString(
        folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"BertTokenizer\"}");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("BertTokenizer");
  }
}

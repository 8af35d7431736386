package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Small tokenizer files of random stages: any that the format allows and this project supports. */
final class RandomPipelines {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final List<String> MERGES =
      List.of(
          "t h", "th e", "▁ the", "i n", "in g", "▁ ▁", "l l", "h e", "he ll", "hell o", "Ġ t",
          "Ġ Ġ", "Ġt he", "1 2", "a b", "ab a", "n g", "e r", "o r");

  private static final List<String> PATTERNS =
      List.of(
          "{'String':' '}",
          "{'String':'e'}",
          "{'String':'ll'}",
          "{'Regex':'\\\\s+'}",
          "{'Regex':'\\\\d'}",
          "{'Regex':'\\\\d{1,3}'}",
          "{'Regex':'[aeiou]'}",
          "{'Regex':'(?i:the|x)'}",
          "{'Regex':' ?\\\\p{L}+'}",
          "{'Regex':'[^\\\\s\\\\p{L}\\\\p{N}]+'}",
          "{'Regex':'\\\\s+(?!\\\\S)|\\\\s+'}",
          "{'Regex':'^'}",
          "{'Regex':'$'}",
          "{'Regex':'\\\\b'}",
          "{'Regex':'e*'}",
          "{'Regex':'(?=l)'}",
          "{'Regex':'(?<=l)o?'}",
          "{'Regex':'a++b|.'}",
          "{'Regex':'\\\\p{Han}+?'}",
          "{'Regex':'[\\\\p{Lu}&&[^A-C]]'}");

  private static final Arbitrary<String> FLAG = Arbitraries.of("true", "false");
  private static final Arbitrary<String> PATTERN = Arbitraries.of(PATTERNS);

  /** Replacing matches of nothing, or by nothing in a normalizer, makes the oracle abort. */
  private static final Arbitrary<String> REPLACEABLE =
      PATTERN.filter(p -> !Pattern.matches(".*(\\^'|\\$|\\\\b|\\?=l|\\*'|o\\?|\\|\\.).*", p));

  private static final Arbitrary<String> BEHAVIOR =
      Arbitraries.of("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous");

  private static final Arbitrary<String> SCHEME = Arbitraries.of("always", "first", "never");

  /** The oracle's Metaspace takes for the first what comes from the text's first character. */
  private static final Pattern MOVES_START =
      Pattern.compile(
          "strip_left|StripAccents|Prepend|\"always\"|\"add_prefix_space\" : true"
              + "|\"prepend_scheme\"(?s:.*)\"prepend_scheme\"");

  private RandomPipelines() {}

  /** Texts of {@code tokenizer.json}. */
  static Arbitrary<String> files() {
    return Combinators.combine(
            model(),
            stage(normalizer(), "normalizers", 3),
            stage(preTokenizer(), "pretokenizers", 3),
            stage(decoder(), "decoders", 4),
            addedTokens())
        .as(RandomPipelines::assemble)
        .filter(file -> !(file.contains("\"first\"") && MOVES_START.matcher(file).find()));
  }

  private static String assemble(
      ObjectNode model,
      String normalizer,
      String preTokenizer,
      String decoder,
      List<String> added) {
    try {
      ObjectNode root = MAPPER.createObjectNode().put("version", "1.0");
      root.putNull("truncation").putNull("padding");
      ArrayNode tokens = root.putArray("added_tokens");
      int next = model.get("vocab").size();
      for (String each : added) {
        ObjectNode token = (ObjectNode) json(each);
        JsonNode known = model.get("vocab").get(token.get("content").textValue());
        tokens.add(token.put("id", known != null ? known.intValue() : next++));
      }
      root.set("normalizer", json(normalizer));
      root.set("pre_tokenizer", json(preTokenizer));
      root.putNull("post_processor");
      root.set("decoder", json(decoder));
      root.set("model", model);
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Quotes are written as apostrophes above. */
  private static JsonNode json(String text) throws IOException {
    return MAPPER.readTree(text.replace('\'', '"'));
  }

  private static Arbitrary<String> stage(Arbitrary<String> one, String list, int most) {
    Arbitrary<String> sequence =
        one.list()
            .ofMaxSize(most)
            .map(all -> "{'type':'Sequence','" + list + "':[" + String.join(",", all) + "]}");
    return Arbitraries.oneOf(List.of(Arbitraries.just("null"), one, sequence, sequence));
  }

  private static Arbitrary<String> normalizer() {
    return Arbitraries.oneOf(
        List.of(
            Arbitraries.of("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "ByteLevel")
                .map(type -> "{'type':'" + type + "'}"),
            Combinators.combine(FLAG, FLAG)
                .as((l, r) -> "{'type':'Strip','strip_left':" + l + ",'strip_right':" + r + "}"),
            Arbitraries.of("▁", "x", " ").map(p -> "{'type':'Prepend','prepend':'" + p + "'}"),
            Combinators.combine(REPLACEABLE, Arbitraries.of("▁", "oo", "_"))
                .as((p, c) -> "{'type':'Replace','pattern':" + p + ",'content':'" + c + "'}")));
  }

  private static Arbitrary<String> preTokenizer() {
    return Arbitraries.oneOf(
        List.of(
            Arbitraries.of("Whitespace", "WhitespaceSplit", "BertPreTokenizer")
                .map(type -> "{'type':'" + type + "'}"),
            Combinators.combine(FLAG, FLAG)
                .as(
                    (p, r) ->
                        "{'type':'ByteLevel','add_prefix_space':"
                            + p
                            + ",'trim_offsets':true,'use_regex':"
                            + r
                            + "}"),
            Combinators.combine(PATTERN, BEHAVIOR, FLAG)
                .as(
                    (p, b, i) ->
                        "{'type':'Split','pattern':"
                            + p
                            + ",'behavior':'"
                            + b
                            + "','invert':"
                            + i
                            + "}"),
            FLAG.map(f -> "{'type':'Digits','individual_digits':" + f + "}"),
            metaspace(),
            BEHAVIOR.map(b -> "{'type':'Punctuation','behavior':'" + b + "'}"),
            Arbitraries.of("e", " ", "é")
                .map(c -> "{'type':'CharDelimiterSplit','delimiter':'" + c + "'}")));
  }

  private static Arbitrary<String> metaspace() {
    return Combinators.combine(Arbitraries.of("▁", "_"), SCHEME, FLAG)
        .as(
            (mark, scheme, split) ->
                "{'type':'Metaspace','replacement':'"
                    + mark
                    + "','prepend_scheme':'"
                    + scheme
                    + "','split':"
                    + split
                    + "}");
  }

  /** No {@code Strip} from both ends: on a token of nothing else the oracle's index runs over. */
  private static Arbitrary<String> decoder() {
    return Arbitraries.oneOf(
        List.of(
            Arbitraries.of("ByteFallback", "Fuse").map(type -> "{'type':'" + type + "'}"),
            Arbitraries.just(
                "{'type':'ByteLevel','add_prefix_space':true,'trim_offsets':true,'use_regex':true}"),
            metaspace(),
            Combinators.combine(Arbitraries.of(" ", "▁", "e"), Arbitraries.integers().between(0, 2))
                .as(
                    (c, start) ->
                        "{'type':'Strip','content':'" + c + "','start':" + start + ",'stop':0}"),
            Combinators.combine(REPLACEABLE, Arbitraries.of("▁", "", "oo", " "))
                .as((p, c) -> "{'type':'Replace','pattern':" + p + ",'content':'" + c + "'}"),
            Arbitraries.of("</w>", "e", "g")
                .map(suffix -> "{'type':'BPEDecoder','suffix':'" + suffix + "'}")));
  }

  private static Arbitrary<List<String>> addedTokens() {
    Arbitrary<String> content =
        Arbitraries.of(
            "<s>",
            "</s>",
            "<|im_start|>",
            "Hello",
            "world",
            "two ",
            " x",
            "▁",
            "é",
            "don",
            "123",
            "12",
            "🦙",
            "İ",
            "ABC");
    Arbitrary<String> token =
        Combinators.combine(content, FLAG, FLAG, FLAG, FLAG, FLAG)
            .as(
                (c, word, left, right, normalized, special) ->
                    "{'content':'"
                        + c
                        + "','single_word':"
                        + word
                        + ",'lstrip':"
                        + left
                        + ",'rstrip':"
                        + right
                        + ",'normalized':"
                        + normalized
                        + ",'special':"
                        + special
                        + "}");
    return token.list().uniqueElements(t -> t.substring(0, t.indexOf(','))).ofMaxSize(3);
  }

  private static Arbitrary<ObjectNode> model() {
    Arbitrary<String> unknown = Arbitraries.of("<unk>", "<unk>", "");
    return Combinators.combine(unknown, FLAG, FLAG, FLAG, FLAG, Arbitraries.of("", "", "</w>"))
        .as(RandomPipelines::bpe);
  }

  private static ObjectNode bpe(
      String unknown, String bytes, String fuse, String fallback, String whole, String suffix) {
    List<String> tokens = new ArrayList<>(List.of("<unk>"));
    for (int b = 0; b < 256; b++) {
      if (bytes.equals("true")) {
        add(tokens, Character.toString(ByteAlphabet.character(b)));
      }
      if (fallback.equals("true")) {
        add(tokens, String.format("<0x%02X>", b));
      }
    }
    "abcdefghijklmnopqrstuvwxyzABH0123▁_ Ġ'é日"
        .codePoints()
        .mapToObj(Character::toString)
        .forEach(c -> add(tokens, c));
    MERGES.forEach(merge -> add(tokens, merge.replace(" ", "")));
    if (!suffix.isEmpty()) {
      List.of("a", "e", "o", "d").forEach(c -> add(tokens, c + suffix));
    }
    ObjectNode model = MAPPER.createObjectNode().put("type", "BPE").putNull("dropout");
    model.put("unk_token", unknown.isEmpty() ? null : unknown);
    model.putNull("continuing_subword_prefix");
    model.put("end_of_word_suffix", suffix.isEmpty() ? null : suffix);
    model.put("fuse_unk", fuse.equals("true")).put("byte_fallback", fallback.equals("true"));
    model.put("ignore_merges", whole.equals("true"));
    ObjectNode vocabulary = model.putObject("vocab");
    tokens.forEach(token -> vocabulary.put(token, vocabulary.size()));
    ArrayNode merges = model.putArray("merges");
    MERGES.forEach(merges::add);
    return model;
  }

  private static void add(List<String> tokens, String token) {
    if (!tokens.contains(token)) {
      tokens.add(token);
    }
  }
}

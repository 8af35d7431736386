package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * The tokenizer of a Hugging Face folder in the fields of a file of weights. There are three that
 * such a file can say: byte-level BPE with one of the {@link NamedPattern}s, SentencePiece-style
 * BPE, and a vocabulary of single ASCII characters, which is byte-level BPE without merges.
 */
final class FolderFields {
  private static final String SPACE = "▁";
  private static final int MOST_EOS = 3;

  private final Path folder;
  private final TokenizerConfig config;
  private final ModelFile model;
  private final Section json;
  private final TokenizerParts parts;
  private final Tokenizer tokenizer;
  private final List<String> notes = new ArrayList<>();

  FolderFields(Path folder) throws IOException {
    this.folder = folder;
    Path file = folder.resolve("tokenizer.json");
    if (!Files.exists(file)) {
      throw new TokenizerException(folder, "holds no tokenizer.json, which a GGUF file is made of");
    }
    this.config = TokenizerConfig.read(folder);
    TokenizerJson.Contents contents = TokenizerJson.contents(file);
    this.model = contents.model();
    this.json = contents.file();
    this.parts = config.apply(TokenizerJson.assemble(model, json));
    this.tokenizer = new PipelineTokenizer(parts);
  }

  EmbeddedTokenizer.Converted convert(int rows, OptionalInt bos, List<Integer> eos)
      throws IOException {
    if (tokenizer.vocabSize() > rows) {
      throw problem(
          "the tokenizer has %d tokens, the model %d rows for them"
              .formatted(tokenizer.vocabSize(), rows));
    }
    if (!model.rest().text("type", "BPE").equals("BPE")) {
      throw model.rest().child("type").problem("a GGUF file can only say BPE");
    }
    boolean sentencePiece = model.rest().flag("byte_fallback", false);
    List<String> splits = splits();
    boolean characters = !sentencePiece && splits.isEmpty();
    String pattern = sentencePiece || characters ? "default" : pattern(splits);
    if (characters) {
      requireCharacters();
    }
    EmbeddedTokenizer.Fields fields =
        new EmbeddedTokenizer.Fields(
            sentencePiece ? "llama" : "gpt2",
            pattern,
            tokens(rows, characters),
            sentencePiece ? Optional.of(scores(rows)) : Optional.empty(),
            Optional.of(types(rows, sentencePiece)),
            sentencePiece ? Optional.empty() : Optional.of(merges()),
            roles(bos, eos),
            Optional.of(adds(parts.postProcessor().before(), bos, "before")),
            Optional.of(adds(parts.postProcessor().after(), first(eos), "after")),
            sentencePiece ? Optional.of(spacePrefix()) : Optional.empty(),
            Optional.ofNullable(ChatTemplate.sources(folder, config).get(ChatTemplate.DEFAULT)));
    noteAddedTokens();
    requireSame(EmbeddedTokenizer.of(folder, fields).tokenizer());
    return new EmbeddedTokenizer.Converted(fields, List.copyOf(notes));
  }

  /** Regular expressions of the stages before ByteLevel; empty without such a pre-tokenizer. */
  private List<String> splits() throws TokenizerException {
    List<String> splits = new ArrayList<>();
    Optional<Section> cut = json.optional("pre_tokenizer");
    if (cut.isEmpty() || cut.get().text("type").equals("Metaspace")) {
      return splits;
    }
    boolean sequence = cut.get().text("type").equals("Sequence");
    for (Section stage : sequence ? cut.get().children("pretokenizers") : List.of(cut.get())) {
      switch (stage.text("type")) {
        case "Split" -> splits.add(stage.child("pattern").text("Regex"));
        case "Digits" -> splits.add(stage.flag("individual_digits", false) ? "\\p{N}" : "\\p{N}+");
        case "ByteLevel" -> {
          if (stage.flag("add_prefix_space", true)) {
            throw stage.child("add_prefix_space").problem("a GGUF file cannot say true");
          }
          if (stage.flag("use_regex", true)) {
            splits.add(PreTokenizerReader.GPT2_PATTERN);
          }
        }
        default -> throw stage.problem("a GGUF file cannot say " + stage.text("type"));
      }
    }
    return splits;
  }

  private String pattern(List<String> splits) throws TokenizerException {
    Optional<Section> normalizer = json.optional("normalizer");
    if (normalizer.isPresent()) {
      if (!normalizer.get().text("type").equals("NFC")) {
        throw normalizer.get().problem("a GGUF file cannot say it beside byte-level BPE");
      }
      notes.add("llama.cpp does not normalise texts (NFC): where that matters, ids differ");
    }
    return NamedPattern.nameOf(splits, model.rest().flag("ignore_merges", false))
        .orElseThrow(
            () ->
                json.child("pre_tokenizer")
                    .problem("llama.cpp knows no name for the rule that cuts text: " + splits));
  }

  private void requireCharacters() throws TokenizerException {
    boolean single = model.merges().isEmpty() && json.optional("normalizer").isEmpty();
    for (String token : model.ids().keySet()) {
      boolean added = parts.addedTokens().stream().anyMatch(each -> each.content().equals(token));
      single = single && (added || (token.length() == 1 && token.charAt(0) < 0x80));
    }
    if (!single) {
      throw json.child("pre_tokenizer")
          .problem("a GGUF file needs byte-level BPE, SentencePiece or single ASCII characters");
    }
    if (model.rest().has("unk_token")) {
      notes.add(
          "characters outside the vocabulary are dropped, not " + model.rest().text("unk_token"));
    }
  }

  private List<String> tokens(int rows, boolean characters) {
    List<String> tokens = new ArrayList<>();
    for (int id = 0; id < rows; id++) {
      String token = tokenizer.hasToken(id) ? tokenizer.token(id) : "[PAD" + id + "]";
      tokens.add(characters && token.equals(" ") ? ByteAlphabet.spell(token) : token);
    }
    return tokens;
  }

  private double[] scores(int rows) throws TokenizerException {
    Set<Integer> apart = new HashSet<>();
    parts.addedTokens().forEach(token -> apart.add(token.id()));
    for (Map.Entry<String, Integer> token : model.ids().entrySet()) {
      if (isByte(token.getKey())) {
        apart.add(token.getValue());
      }
    }
    return new Scores(model, parts.vocabulary(), apart, rows).list();
  }

  private static boolean isByte(String token) {
    return token.length() == 6 && token.matches("<0x[0-9A-F]{2}>");
  }

  private List<String> merges() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < model.merges().size(); i += 2) {
      lines.add(model.merges().get(i) + " " + model.merges().get(i + 1));
    }
    return lines;
  }

  private long[] types(int rows, boolean sentencePiece) throws TokenizerException {
    long[] types = new long[rows];
    for (int id = 0; id < rows; id++) {
      boolean aByte = sentencePiece && tokenizer.hasToken(id) && isByte(tokenizer.token(id));
      types[id] =
          !tokenizer.hasToken(id)
              ? EmbeddedTokenizer.TokenType.UNUSED
              : aByte ? EmbeddedTokenizer.TokenType.BYTE : EmbeddedTokenizer.TokenType.NORMAL;
    }
    for (AddedToken token : parts.addedTokens()) {
      types[token.id()] =
          token.special()
              ? EmbeddedTokenizer.TokenType.CONTROL
              : EmbeddedTokenizer.TokenType.USER_DEFINED;
    }
    OptionalInt unknown = unknown();
    if (unknown.isPresent() && sentencePiece) {
      types[unknown.getAsInt()] = EmbeddedTokenizer.TokenType.UNKNOWN;
    }
    return types;
  }

  private OptionalInt unknown() throws TokenizerException {
    return model.rest().has("unk_token")
        ? tokenizer.id(model.rest().text("unk_token"))
        : OptionalInt.empty();
  }

  private Map<String, Integer> roles(OptionalInt bos, List<Integer> eos) throws TokenizerException {
    if (eos.size() > MOST_EOS) {
      throw problem(
          "the model has %d tokens that end a text, a GGUF file has room for %d"
              .formatted(eos.size(), MOST_EOS));
    }
    Map<String, Integer> roles = new TreeMap<>();
    bos.ifPresent(id -> roles.put("bos", id));
    List<String> names = List.of("eos", "eot", "eom");
    for (int i = 0; i < eos.size(); i++) {
      roles.put(names.get(i), eos.get(i));
    }
    unknown().ifPresent(id -> roles.put("unknown", id));
    Map<String, String> others =
        Map.of("pad_token", "padding", "sep_token", "separator", "mask_token", "mask");
    for (Map.Entry<String, String> other : others.entrySet()) {
      Optional<String> token = config.tokenWithRole(other.getKey());
      if (token.isPresent()) {
        tokenizer.id(token.get()).ifPresent(id -> roles.put(other.getValue(), id));
      }
    }
    return roles;
  }

  private static OptionalInt first(List<Integer> eos) {
    return eos.isEmpty() ? OptionalInt.empty() : OptionalInt.of(eos.get(0));
  }

  /** Whether a token is put beside texts: a GGUF file can only say this of BOS and EOS. */
  private boolean adds(List<Integer> ids, OptionalInt allowed, String where)
      throws TokenizerException {
    if (ids.isEmpty()) {
      return false;
    }
    if (ids.size() != 1 || allowed.isEmpty() || ids.get(0) != allowed.getAsInt()) {
      throw json.child("post_processor")
          .problem("a GGUF file cannot say that ids %s go %s a text".formatted(ids, where));
    }
    return true;
  }

  /** Whether SentencePiece puts a space in front of texts. */
  private boolean spacePrefix() throws TokenizerException {
    Optional<Section> cut = json.optional("pre_tokenizer");
    if (cut.isPresent() && cut.get().text("type").equals("Metaspace")) {
      boolean old = cut.get().flag("add_prefix_space", true);
      String scheme = cut.get().text("prepend_scheme", old ? "always" : "never");
      if (scheme.equals("first")) {
        notes.add("llama.cpp puts a space before text that follows a control token as well");
      }
      return !scheme.equals("never");
    }
    Optional<Section> normalizer = json.optional("normalizer");
    boolean prefix = false;
    if (normalizer.isPresent()) {
      boolean sequence = normalizer.get().text("type").equals("Sequence");
      List<Section> stages =
          sequence ? normalizer.get().children("normalizers") : List.of(normalizer.get());
      for (Section stage : stages) {
        JsonNode node = stage.node();
        boolean prepends = node.path("prepend").asText().equals(SPACE);
        boolean replaces =
            node.path("pattern").path("String").asText().equals(" ")
                && node.path("content").asText().equals(SPACE);
        if (!prepends && !replaces) {
          throw stage.problem("a GGUF file cannot say it beside SentencePiece");
        }
        prefix |= prepends;
      }
    }
    return prefix;
  }

  private void noteAddedTokens() {
    List<String> odd =
        parts.addedTokens().stream()
            .filter(token -> token.singleWord() || token.lstrip() || token.rstrip())
            .map(AddedToken::content)
            .limit(3)
            .toList();
    if (!odd.isEmpty()) {
      notes.add(
          "llama.cpp does not know that some tokens take the space beside them along: " + odd);
    }
  }

  /** Compares both tokenizers; where they are known to differ, the notes say so. */
  private void requireSame(Tokenizer embedded) throws TokenizerException {
    SameTokens same = new SameTokens(tokenizer, embedded, parts.normalizer());
    Optional<String> difference = same.difference();
    if (difference.isPresent()) {
      throw problem("a GGUF file would tokenize " + difference.get());
    }
  }

  private TokenizerException problem(String what) {
    return new TokenizerException(folder, what);
  }
}

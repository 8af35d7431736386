package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.treepo4j.base.files.WholeFile;

/**
 * The tokenizer of a file of weights that carries one along, such as a GGUF file: tokenizes as
 * llama.cpp does, and can be written as the files of a Hugging Face folder that give the same ids.
 *
 * <p>There are two kinds. {@code gpt2} is byte-level BPE, with a {@link NamedPattern}. {@code
 * llama} is SentencePiece: spaces become U+2581, one is put in front of every stretch of text
 * between special tokens, neighbours are joined by the score of what they make, the leftmost of
 * equals first, and what is no token becomes bytes.
 */
public final class EmbeddedTokenizer {
  private final Path file;
  private final Fields fields;
  private final Vocabulary vocabulary;
  private final Map<String, Integer> ids;
  private final Optional<NamedPattern> pattern;
  private final List<String> merges;

  /**
   * What the file says; where it is silent, the kind and the pattern decide.
   *
   * @param kind {@code llama} or {@code gpt2}
   * @param pattern name of the rule that cuts text into words; empty for the default
   * @param tokens by id
   * @param scores one for each token; empty where there are none
   * @param types one for each token: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6
   *     byte; empty where there are none
   * @param merges pairs of tokens with a space between, best first
   * @param specialIds ids by role: bos, eos, eot, eom, unknown, padding, separator, mask
   * @param addBos whether texts begin with bos
   * @param addEos whether texts end with eos
   * @param addSpacePrefix whether a space is put in front of texts
   * @param chatTemplate source of the chat template
   */
  public record Fields(
      String kind,
      String pattern,
      List<String> tokens,
      Optional<double[]> scores,
      Optional<long[]> types,
      Optional<List<String>> merges,
      Map<String, Integer> specialIds,
      Optional<Boolean> addBos,
      Optional<Boolean> addEos,
      Optional<Boolean> addSpacePrefix,
      Optional<String> chatTemplate) {}

  private EmbeddedTokenizer(Path file, Fields fields) throws TokenizerException {
    this.file = file;
    this.fields = fields;
    checkCounts();
    Map<String, Integer> all = new HashMap<>();
    for (int id = 0; id < fields.tokens().size(); id++) {
      Integer before = all.put(fields.tokens().get(id), id);
      if (before != null) {
        throw problem(
            "tokenizer.ggml.tokens: token '%s' is there twice, as %d and %d"
                .formatted(fields.tokens().get(id), before, id));
      }
    }
    switch (fields.kind()) {
      case "llama" -> {
        this.pattern = Optional.empty();
        this.merges = List.of();
        this.ids = all;
        if (fields.scores().isEmpty()) {
          throw problem("tokenizer.ggml.scores is missing, which the tokenizer 'llama' needs");
        }
      }
      case "gpt2" -> {
        this.pattern = Optional.of(namedPattern());
        this.merges = readMerges();
        this.ids = withoutAddedTokens(all);
      }
      default ->
          throw problem(
              "tokenizer '" + fields.kind() + "' is not supported, expected llama or gpt2");
    }
    this.vocabulary = new Vocabulary(ids, section("tokenizer.ggml.tokens"));
  }

  /**
   * Checks the fields.
   *
   * @param file named in errors
   * @throws TokenizerException when they contradict each other or ask for something unsupported
   */
  public static EmbeddedTokenizer of(Path file, Fields fields) throws TokenizerException {
    return new EmbeddedTokenizer(file, fields);
  }

  /**
   * The tokenizer of a Hugging Face folder for a file of weights.
   *
   * @param fields what the file is to say
   * @param notes in what little llama.cpp will tokenize otherwise, one sentence each; usually none
   */
  public record Converted(Fields fields, List<String> notes) {}

  /**
   * Says what a folder's tokenizer does in the fields of a file of weights; the inverse of {@link
   * #writeInto}. Both tokenizers are compared on every token and some texts.
   *
   * @param folder with a {@code tokenizer.json}
   * @param rows of the model's embedding: at least as many as there are tokens
   * @param bos id that texts begin with
   * @param eos ids that end texts, at most three
   * @throws TokenizerException when a file of weights cannot say it
   */
  public static Converted convert(Path folder, int rows, OptionalInt bos, List<Integer> eos)
      throws IOException {
    return new FolderFields(folder).convert(rows, bos, eos);
  }

  private void checkCounts() throws TokenizerException {
    int tokens = fields.tokens().size();
    checkCount("token_type", fields.types().map(types -> types.length).orElse(tokens));
    checkCount("scores", fields.scores().map(scores -> scores.length).orElse(tokens));
    double[] scores = fields.scores().orElse(new double[0]);
    for (int i = 0; i < scores.length; i++) {
      if (!Double.isFinite(scores[i])) { // no order to join by
        throw problem("tokenizer.ggml.scores: the score of token %d is %s".formatted(i, scores[i]));
      }
    }
    for (Map.Entry<String, Integer> special : fields.specialIds().entrySet()) {
      if (special.getValue() < 0 || special.getValue() >= tokens) {
        throw problem(
            "the id %d of %s is not in the vocabulary of %d"
                .formatted(special.getValue(), special.getKey(), tokens));
      }
    }
  }

  private void checkCount(String name, int count) throws TokenizerException {
    if (count != fields.tokens().size()) {
      throw problem(
          "tokenizer.ggml.%s has %d entries for %d tokens"
              .formatted(name, count, fields.tokens().size()));
    }
  }

  /** Words are never spelt as added tokens, except as those that merging makes. */
  private Map<String, Integer> withoutAddedTokens(Map<String, Integer> all) {
    Set<String> merged = new HashSet<>(merges);
    for (int i = 0; i < merges.size(); i += 2) {
      merged.add(merges.get(i) + merges.get(i + 1));
    }
    Map<String, Integer> kept = new HashMap<>(all);
    for (AddedToken token : addedTokens()) {
      if (!merged.contains(token.content())) {
        kept.remove(token.content());
      }
    }
    return kept;
  }

  private NamedPattern namedPattern() throws TokenizerException {
    String name = fields.pattern().isEmpty() ? "default" : fields.pattern();
    return NamedPattern.named(name)
        .orElseThrow(
            () ->
                problem(
                    "pre-tokenizer '%s' is not known, known are %s"
                        .formatted(name, String.join(", ", NamedPattern.names()))));
  }

  private List<String> readMerges() throws TokenizerException {
    Section section = section("tokenizer.ggml.merges");
    List<String> lines =
        fields
            .merges()
            .orElseThrow(
                () ->
                    problem("tokenizer.ggml.merges is missing, which the tokenizer 'gpt2' needs"));
    List<String> pairs = new ArrayList<>();
    for (String line : lines) {
      ModelFile.addMerge(pairs, line, section);
    }
    return pairs;
  }

  /** The tokenizer. */
  public Tokenizer tokenizer() throws TokenizerException {
    ObjectNode json = new EmbeddedFiles(this).tokenizerJson();
    Section section = new Section(file, "", json);
    TokenizerParts parts =
        TokenizerJson.assemble(
            new ModelFile(ids, merges, new Section(file, "tokenizer.ggml", json.path("model"))),
            section);
    return new PipelineTokenizer(fields.kind().equals("llama") ? byScore(parts) : parts);
  }

  /** With the merges' own ranks, in which equals are equal. */
  private TokenizerParts byScore(TokenizerParts parts) {
    BpeModel.Options options = new BpeModel.Options(false, unknownId(), true, true, false, "", "");
    return new TokenizerParts(
        parts.vocabulary(),
        parts.addedTokens(),
        parts.normalizer(),
        parts.preTokenizer(),
        new BpeModel(vocabulary, pieces().table(), options),
        parts.postProcessor(),
        parts.decoder());
  }

  private ScoredPieces pieces() {
    Set<Integer> apart = new HashSet<>();
    for (int id = 0; id < fields.tokens().size(); id++) {
      int type = type(id);
      if (type == TokenType.UNKNOWN || type == TokenType.CONTROL || type == TokenType.BYTE) {
        apart.add(id);
      }
    }
    return new ScoredPieces(fields.tokens(), fields.scores().orElseThrow(), vocabulary, apart);
  }

  /** The chat template; empty where the file has none. */
  public Optional<ChatTemplate> chatTemplate() throws TokenizerException {
    return fields.chatTemplate().isEmpty()
        ? Optional.empty()
        : Optional.of(ChatTemplate.of(file, fields.chatTemplate().get(), roleTokens()));
  }

  /** The ids that texts begin and end with. */
  public SpecialTokens specialTokens() {
    TreeSet<Integer> eos = new TreeSet<>();
    for (String role : List.of("eos", "eot", "eom")) {
      if (fields.specialIds().containsKey(role)) {
        eos.add(fields.specialIds().get(role));
      }
    }
    return new SpecialTokens(id("bos"), eos, id("padding"), id("eos"));
  }

  /**
   * Writes {@code tokenizer.json} and {@code tokenizer_config.json}.
   *
   * @param folder an existing folder
   */
  public void writeInto(Path folder) throws IOException {
    ObjectNode json = new EmbeddedFiles(this).tokenizerJson();
    ObjectNode model = (ObjectNode) json.path("model");
    ObjectNode tokens = model.putObject("vocab");
    // Added tokens, too: the Hugging Face library gives those that are not there ids of its own.
    for (int id = 0; id < fields.tokens().size(); id++) {
      tokens.put(fields.tokens().get(id), id);
    }
    ArrayNode pairs = model.putArray("merges");
    for (int i = 0; i < merges.size(); i += 2) {
      pairs.addArray().add(merges.get(i)).add(merges.get(i + 1));
    }
    if (fields.kind().equals("llama")) {
      pieces().pairs().forEach(pair -> pairs.addArray().add(pair[0]).add(pair[1]));
    }
    WholeFile.write(folder.resolve("tokenizer.json"), json.toPrettyString() + "\n");
    WholeFile.write(
        folder.resolve("tokenizer_config.json"),
        new EmbeddedFiles(this).tokenizerConfig().toPrettyString() + "\n");
  }

  /** Special tokens by the roles of a Hugging Face folder; what is plain text has no role. */
  Map<String, Object> roleTokens() {
    String[][] names = { // in this order in the file, whatever the JVM
      {"bos", "bos_token"},
      {"eos", "eos_token"},
      {"unknown", "unk_token"},
      {"padding", "pad_token"},
      {"separator", "sep_token"},
      {"mask", "mask_token"}
    };
    Map<String, Object> roles = new LinkedHashMap<>();
    for (String[] name : names) {
      OptionalInt id = id(name[0]);
      if (id.isPresent() && isSpecial(id.getAsInt())) {
        roles.put(name[1], fields.tokens().get(id.getAsInt()));
      }
    }
    return roles;
  }

  Fields fields() {
    return fields;
  }

  /** How text is cut into words; empty for SentencePiece. */
  Optional<NamedPattern> pattern() {
    return pattern;
  }

  boolean addBos() {
    boolean usual = pattern.map(NamedPattern::addBos).orElse(fields.kind().equals("llama"));
    return fields.addBos().orElse(usual);
  }

  boolean addEos() {
    return fields.addEos().orElse(false);
  }

  OptionalInt id(String role) {
    Integer id = fields.specialIds().get(role);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  int unknownId() {
    return id("unknown").orElse(-1);
  }

  /** Token types by the numbers of the files. */
  static final class TokenType {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;
  }

  private int type(int id) {
    return fields.types().map(types -> (int) types[id]).orElse(TokenType.NORMAL);
  }

  boolean isSpecial(int id) {
    return type(id) == TokenType.CONTROL || type(id) == TokenType.UNKNOWN;
  }

  List<AddedToken> addedTokens() {
    List<AddedToken> added = new ArrayList<>();
    for (int id = 0; id < fields.tokens().size(); id++) {
      if (isSpecial(id) || type(id) == TokenType.USER_DEFINED) {
        added.add(
            new AddedToken(fields.tokens().get(id), id, false, false, false, false, isSpecial(id)));
      }
    }
    return added;
  }

  private Section section(String path) {
    return new Section(file, path, JsonFiles.MAPPER.createObjectNode());
  }

  private TokenizerException problem(String what) {
    return new TokenizerException(file, what);
  }
}

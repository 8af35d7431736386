package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The ids that a model begins and ends texts with.
 *
 * @param bos begins a text
 * @param eos any of these ends a text; chat models have several
 * @param padding fills batches
 * @param end the one among them that the tokenizer itself names
 */
public record SpecialTokens(
    OptionalInt bos, SortedSet<Integer> eos, OptionalInt padding, OptionalInt end) {
  /**
   * What a model folder says. Texts end with what any of {@code tokenizer_config.json}, {@code
   * generation_config.json} and {@code config.json} names: files of one model often disagree, and
   * to miss one means to run on behind the end. Ids of the two latter files beyond {@code
   * vocab_size} are none that the model has.
   *
   * @throws TokenizerException when a file is broken
   */
  public static SpecialTokens load(Path folder, Tokenizer tokenizer) throws IOException {
    TokenizerConfig config = TokenizerConfig.read(folder);
    Optional<Section> generation = JsonFiles.readObject(folder.resolve("generation_config.json"));
    Optional<Section> model = JsonFiles.readObject(folder.resolve("config.json"));
    SortedSet<Integer> end = named(config, "eos_token", tokenizer);
    int rows = rows(model);
    SortedSet<Integer> eos = ids(generation, "eos_token_id", rows);
    eos.addAll(end);
    eos.addAll(ids(model, "eos_token_id", rows));
    return new SpecialTokens(
        one(config, "bos_token", generation, model, "bos_token_id", tokenizer, rows),
        eos,
        one(config, "pad_token", generation, model, "pad_token_id", tokenizer, rows),
        end.isEmpty() ? OptionalInt.empty() : OptionalInt.of(end.first()));
  }

  private static OptionalInt one(
      TokenizerConfig config,
      String role,
      Optional<Section> generation,
      Optional<Section> model,
      String field,
      Tokenizer tokenizer,
      int rows)
      throws TokenizerException {
    SortedSet<Integer> ids = named(config, role, tokenizer);
    if (ids.isEmpty()) {
      ids = ids(generation, field, rows);
    }
    if (ids.isEmpty()) {
      ids = ids(model, field, rows);
    }
    return ids.isEmpty() ? OptionalInt.empty() : OptionalInt.of(ids.first());
  }

  private static SortedSet<Integer> named(TokenizerConfig config, String role, Tokenizer tokenizer)
      throws TokenizerException {
    SortedSet<Integer> ids = new TreeSet<>();
    Optional<String> token = config.tokenWithRole(role);
    if (token.isPresent()) {
      tokenizer.id(token.get()).ifPresent(ids::add);
    }
    return ids;
  }

  /** Tokens that the model has, as many as its configuration says. */
  private static int rows(Optional<Section> model) {
    if (model.isEmpty()) {
      return Integer.MAX_VALUE;
    }
    JsonNode top = model.get().node();
    JsonNode nested = top.path("text_config").path("vocab_size");
    return top.path("vocab_size").asInt(nested.asInt(Integer.MAX_VALUE));
  }

  /** A field that is an id, a list of ids, or null. */
  private static SortedSet<Integer> ids(Optional<Section> section, String field, int rows)
      throws TokenizerException {
    SortedSet<Integer> ids = new TreeSet<>();
    if (section.isEmpty() || !section.get().has(field)) {
      return ids;
    }
    Section child = section.get().child(field);
    Iterable<JsonNode> values =
        child.node().isArray() ? child.node() : java.util.List.of(child.node());
    for (JsonNode value : values) {
      if (!value.isIntegralNumber() || !value.canConvertToInt()) {
        throw child.problem("expected an id or a list of ids");
      }
      if (value.intValue() >= 0 && value.intValue() < rows) {
        ids.add(value.intValue());
      }
    }
    return ids;
  }
}

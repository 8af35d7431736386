package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code tokenizer_config.json}, {@code special_tokens_map.json} and {@code added_tokens.json}
 * add to a tokenizer, as the transformers library applies them.
 *
 * @param config {@code tokenizer_config.json}, or an empty object
 * @param roles role such as {@code eos_token} → the section that says which token has it
 * @param addedIds {@code added_tokens.json}: content → id
 */
record TokenizerConfig(Section config, Map<String, Section> roles, Map<String, Integer> addedIds) {
  /** The roles that a token can have, as the files name them. */
  private static final List<String> ROLES =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private static final String MORE_ROLES = "additional_special_tokens";

  /** Classes that build their own BOS and EOS rule, whatever {@code tokenizer.json} says. */
  private static final Set<String> CLASSES_WITH_OWN_RULE =
      Set.of(
          "LlamaTokenizer",
          "LlamaTokenizerFast",
          "CodeLlamaTokenizer",
          "CodeLlamaTokenizerFast",
          "GemmaTokenizer",
          "GemmaTokenizerFast");

  static TokenizerConfig read(Path folder) throws IOException {
    Path file = folder.resolve("tokenizer_config.json");
    Section config =
        JsonFiles.readObject(file)
            .orElse(new Section(file, "", JsonNodeFactory.instance.objectNode()));
    Optional<Section> map = JsonFiles.readObject(folder.resolve("special_tokens_map.json"));
    Map<String, Section> roles = new LinkedHashMap<>();
    for (Section source : map.isPresent() ? List.of(map.get(), config) : List.of(config)) {
      for (String role : ROLES) {
        source.optional(role).ifPresent(section -> roles.put(role, section));
      }
      if (source.has(MORE_ROLES)) {
        for (Section each : source.children(MORE_ROLES)) {
          roles.put(each.path(), each);
        }
      }
    }
    Path added = folder.resolve("added_tokens.json");
    Map<String, Integer> addedIds = new LinkedHashMap<>();
    Optional<Section> addedSection = JsonFiles.readObject(added);
    if (addedSection.isPresent()) {
      for (Iterator<String> names = addedSection.get().node().fieldNames(); names.hasNext(); ) {
        String name = names.next();
        addedIds.put(name, addedSection.get().integer(name));
      }
    }
    return new TokenizerConfig(config, roles, addedIds);
  }

  /** {@code tokenizer_class}, or an empty text. */
  String tokenizerClass() throws TokenizerException {
    return config.text("tokenizer_class", "");
  }

  /** The text of the token with a role such as {@code bos_token}. */
  Optional<String> tokenWithRole(String role) throws TokenizerException {
    Section section = roles.get(role);
    return section == null ? Optional.empty() : Optional.of(content(section));
  }

  /** The tokens of all roles, for the chat template: {@code eos_token} → {@code <|im_end|>}. */
  Map<String, Object> templateVariables() throws TokenizerException {
    Map<String, Object> variables = new LinkedHashMap<>();
    List<String> more = new ArrayList<>();
    for (Map.Entry<String, Section> role : roles.entrySet()) {
      if (ROLES.contains(role.getKey())) {
        variables.put(role.getKey(), content(role.getValue()));
      } else if (!more.contains(content(role.getValue()))) {
        more.add(content(role.getValue()));
      }
    }
    if (!more.isEmpty()) {
      variables.put(MORE_ROLES, more);
    }
    return variables;
  }

  /** A token is a text, or an object with its text and properties. */
  private static String content(Section section) throws TokenizerException {
    return section.node().isTextual() ? section.node().textValue() : section.text("content");
  }

  TokenizerParts apply(TokenizerParts parts) throws TokenizerException {
    Map<String, AddedToken> tokens = new LinkedHashMap<>();
    parts.addedTokens().forEach(token -> tokens.put(token.content(), token));
    addNumbered(tokens, parts.vocabulary());
    addRoles(tokens, parts.vocabulary());
    TokenizerParts more = parts.withAddedTokens(List.copyOf(tokens.values()));
    return more.withPostProcessor(postProcessor(parts.postProcessor(), tokens));
  }

  /** {@code added_tokens_decoder} and {@code added_tokens.json} give tokens with their ids. */
  private void addNumbered(Map<String, AddedToken> tokens, Vocabulary vocabulary)
      throws TokenizerException {
    Section decoder = config.child("added_tokens_decoder");
    for (Iterator<Map.Entry<String, JsonNode>> all = decoder.node().fields(); all.hasNext(); ) {
      Map.Entry<String, JsonNode> entry = all.next();
      Section each = decoder.child(entry.getKey());
      String content = each.text("content");
      AddedToken known = tokens.get(content);
      int id = known != null ? known.id() : number(entry.getKey(), each);
      Vocabulary.checkId(id, content, vocabulary.count() + decoder.node().size(), each);
      tokens.put(content, TokenizerJson.addedToken(each, content, id));
    }
    for (Map.Entry<String, Integer> added : addedIds.entrySet()) {
      Vocabulary.checkId(
          added.getValue(), added.getKey(), vocabulary.count() + addedIds.size(), config);
      tokens.putIfAbsent(
          added.getKey(),
          new AddedToken(added.getKey(), added.getValue(), false, false, false, true, false));
    }
  }

  private static int number(String text, Section section) throws TokenizerException {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw section.problem("'" + text + "' is no id");
    }
  }

  /** Tokens with a role are special; those the vocabulary lacks come after its last id. */
  private void addRoles(Map<String, AddedToken> tokens, Vocabulary vocabulary)
      throws TokenizerException {
    int next = vocabulary.size();
    for (AddedToken token : tokens.values()) {
      next = Math.max(next, token.id() + 1);
    }
    for (Section role : roles.values()) {
      String content = content(role);
      AddedToken known = tokens.get(content);
      if (content.isEmpty() || (known != null && !addedIds.containsKey(content))) {
        continue;
      }
      int id = known != null ? known.id() : vocabulary.id(content);
      if (id < 0) {
        id = next++;
      }
      AddedToken plain = TokenizerJson.addedToken(role, content, id);
      tokens.put(
          content,
          new AddedToken(
              content, id, plain.singleWord(), plain.lstrip(), plain.rstrip(), false, true));
    }
  }

  private PostProcessor postProcessor(PostProcessor fromFile, Map<String, AddedToken> tokens)
      throws TokenizerException {
    boolean ownRule = CLASSES_WITH_OWN_RULE.contains(tokenizerClass());
    List<Integer> before = ownRule ? List.of() : fromFile.before();
    List<Integer> after = ownRule ? List.of() : fromFile.after();
    if (before.isEmpty() && config.flag("add_bos_token", ownRule)) {
      before = withRole("bos_token", tokens);
    }
    if (after.isEmpty() && config.flag("add_eos_token", false)) {
      after = withRole("eos_token", tokens);
    }
    return new PostProcessor(before, after);
  }

  private List<Integer> withRole(String role, Map<String, AddedToken> tokens)
      throws TokenizerException {
    Optional<String> content = tokenWithRole(role);
    return content.isEmpty() ? List.of() : List.of(tokens.get(content.get()).id());
  }
}

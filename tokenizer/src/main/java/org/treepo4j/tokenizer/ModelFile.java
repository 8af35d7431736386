package org.treepo4j.tokenizer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The {@code model} of a tokenizer file, read in one pass: its two long lists, and the rest.
 *
 * @param ids token → id
 * @param merges pairs, left and right in turn
 * @param rest all other fields
 */
record ModelFile(Map<String, Integer> ids, List<String> merges, Section rest) {

  static ModelFile read(JsonParser parser, Path file) throws IOException {
    Section section = new Section(file, "model", JsonNodeFactory.instance.objectNode());
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw section.problem("expected an object");
    }
    Map<String, Integer> ids = Map.of();
    List<String> merges = List.of();
    ObjectNode rest = (ObjectNode) section.node();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      if (name.equals("vocab") && value == JsonToken.START_OBJECT) {
        ids = JsonFiles.vocabulary(parser, section.child("vocab"));
      } else if (name.equals("merges") && value == JsonToken.START_ARRAY) {
        merges = readMerges(parser, section.child("merges"));
      } else if (name.equals("vocab") || name.equals("merges")) {
        parser.skipChildren();
      } else {
        JsonNode node = JsonFiles.MAPPER.readTree(parser);
        rest.set(name, node);
      }
    }
    return new ModelFile(ids, merges, JsonFiles.checked(section));
  }

  private static List<String> readMerges(JsonParser parser, Section section) throws IOException {
    List<String> merges = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() == JsonToken.VALUE_STRING) {
        addMerge(merges, parser.getText(), section);
      } else if (parser.currentToken() == JsonToken.START_ARRAY) {
        int before = merges.size();
        while (parser.nextToken() == JsonToken.VALUE_STRING) {
          merges.add(parser.getText());
        }
        if (parser.currentToken() != JsonToken.END_ARRAY || merges.size() != before + 2) {
          throw section.problem("merge " + before / 2 + " is not a pair of strings");
        }
      } else {
        throw section.problem("merge " + merges.size() / 2 + " is neither a string nor a pair");
      }
    }
    return merges;
  }

  /** Adds the pair of a line such as {@code "Ġ t"}. */
  static void addMerge(List<String> merges, String line, Section section)
      throws TokenizerException {
    int space = line.indexOf(' ');
    if (space < 0 || line.indexOf(' ', space + 1) >= 0) {
      throw section.problem("merge " + merges.size() / 2 + " '" + line + "' is not two tokens");
    }
    merges.add(line.substring(0, space));
    merges.add(line.substring(space + 1));
  }

  /** The model with its tables. */
  Model build(Vocabulary vocabulary, boolean spellsBytes) throws TokenizerException {
    String type = rest.text("type", merges.isEmpty() ? "without a type" : "BPE");
    return switch (type) {
      case "BPE" -> bpe(vocabulary, spellsBytes);
      case "WordLevel" -> {
        String unknown = rest.text("unk_token");
        int id = vocabulary.id(unknown);
        if (id < 0) {
          throw rest.child("unk_token").problem("'" + unknown + "' is not in the vocabulary");
        }
        if (spellsBytes) {
          throw rest.unsupported("WordLevel model after a ByteLevel pre-tokenizer");
        }
        yield Model.wordLevel(vocabulary, id);
      }
      default -> throw rest.unsupported("model " + type);
    };
  }

  private Model bpe(Vocabulary vocabulary, boolean spellsBytes) throws TokenizerException {
    if (rest.has("dropout") && rest.node().get("dropout").asDouble(1) != 0) {
      throw rest.unsupported("dropout " + rest.node().get("dropout"));
    }
    int unknown = -1;
    if (rest.has("unk_token")) {
      unknown = vocabulary.id(rest.text("unk_token"));
      if (unknown < 0) {
        throw rest.child("unk_token").problem("is not in the vocabulary");
      }
    }
    String prefix = rest.text("continuing_subword_prefix", "");
    return new BpeModel(
        vocabulary,
        mergeTable(vocabulary, prefix.length()),
        new BpeModel.Options(
            spellsBytes,
            unknown,
            rest.flag("fuse_unk", false),
            rest.flag("byte_fallback", false),
            rest.flag("ignore_merges", false),
            prefix,
            rest.text("end_of_word_suffix", "")));
  }

  private MergeTable mergeTable(Vocabulary vocabulary, int prefixLength) throws TokenizerException {
    MergeTable table = new MergeTable(merges.size() / 2);
    int joined = -1;
    for (int i = 0; i < merges.size(); i += 2) {
      String left = merges.get(i);
      String right = merges.get(i + 1);
      if (right.length() < prefixLength) {
        throw rest.child("merges").problem("merge " + i / 2 + " lacks the subword prefix");
      }
      String tail = right.substring(prefixLength);
      joined =
          isJoined(vocabulary.token(joined + 1), left, tail)
              ? joined + 1
              : id(vocabulary, left + tail);
      table.put(id(vocabulary, left), id(vocabulary, right), i / 2, joined);
    }
    return table;
  }

  /** Most vocabularies list what merges give in their order, so the next token is tried first. */
  private static boolean isJoined(String token, String left, String tail) {
    return token != null
        && token.length() == left.length() + tail.length()
        && token.startsWith(left)
        && token.endsWith(tail);
  }

  private int id(Vocabulary vocabulary, String token) throws TokenizerException {
    int id = vocabulary.id(token);
    if (id < 0) {
      throw rest.child("merges").problem("token '" + token + "' is not in the vocabulary");
    }
    return id;
  }
}

package org.treepo4j.tokenizer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What goes before and after the ids of a text.
 *
 * @param before ids such as BOS
 * @param after ids such as EOS
 */
record PostProcessor(List<Integer> before, List<Integer> after) {
  static final PostProcessor NONE = new PostProcessor(List.of(), List.of());

  /** Reads the {@code post_processor} of a tokenizer file. */
  static PostProcessor read(Section section) throws TokenizerException {
    String type = section.text("type");
    return switch (type) {
      case "ByteLevel" -> NONE;
      case "TemplateProcessing" -> template(section);
      case "Sequence" -> {
        PostProcessor all = NONE;
        for (Section each : section.children("processors")) {
          all = read(each).around(all);
        }
        yield all;
      }
      case "BertProcessing", "RobertaProcessing" ->
          new PostProcessor(List.of(pairId(section, "cls")), List.of(pairId(section, "sep")));
      default -> throw section.unsupported("post-processor " + type);
    };
  }

  private PostProcessor around(PostProcessor inner) {
    List<Integer> newBefore = new ArrayList<>(before);
    newBefore.addAll(inner.before);
    List<Integer> newAfter = new ArrayList<>(inner.after);
    newAfter.addAll(after);
    return new PostProcessor(newBefore, newAfter);
  }

  /** {@code ["</s>", 2]} */
  private static int pairId(Section section, String name) throws TokenizerException {
    List<Section> pair = section.children(name);
    if (pair.size() != 2 || !pair.get(1).node().canConvertToInt()) {
      throw section.child(name).problem("expected [token, id]");
    }
    return pair.get(1).node().intValue();
  }

  /** The template for one text; the one for pairs is not needed. */
  private static PostProcessor template(Section section) throws TokenizerException {
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    boolean textSeen = false;
    for (Section piece : section.children("single")) {
      if (piece.has("Sequence")) {
        if (textSeen) {
          throw piece.unsupported("template with the text twice");
        }
        textSeen = true;
      } else {
        String name = piece.child("SpecialToken").text("id");
        Section token = section.child("special_tokens").child(name);
        for (Section id : token.children("ids")) {
          if (!id.node().canConvertToInt()) {
            throw id.problem("expected an id");
          }
          (textSeen ? after : before).add(id.node().intValue());
        }
      }
    }
    if (!textSeen) {
      throw section.child("single").unsupported("template without the text");
    }
    return new PostProcessor(before, after);
  }

  PostProcessor {
    before = Collections.unmodifiableList(new ArrayList<>(before));
    after = Collections.unmodifiableList(new ArrayList<>(after));
  }
}

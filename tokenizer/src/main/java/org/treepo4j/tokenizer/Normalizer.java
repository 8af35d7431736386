package org.treepo4j.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.base.InputException;
import org.treepo4j.tokenizer.regex.CodePointSet;
import org.treepo4j.tokenizer.regex.UnicodeSets;

/** Rewrites a text before it is cut into pieces. */
@FunctionalInterface
interface Normalizer {
  /** Leaves the text as it is. */
  Normalizer NONE = text -> text;

  /** How many characters a normalizer may make of one, beyond {@link #SMALL}. */
  int GROWTH = 64;

  /** So many characters may come of any text. */
  int SMALL = 1 << 20;

  /** The text rewritten. */
  String normalize(String text);

  /** Reads the {@code normalizer} of a tokenizer file. */
  static Normalizer read(Section section) throws TokenizerException {
    String type = section.text("type");
    return switch (type) {
      case "Sequence" -> sequence(section);
      case "NFC" -> unicode(Form.NFC);
      case "NFD" -> unicode(Form.NFD);
      case "NFKC" -> unicode(Form.NFKC);
      case "NFKD" -> unicode(Form.NFKD);
      case "Lowercase" -> Normalizer::lowercase;
      case "Strip" -> strip(section.flag("strip_left", true), section.flag("strip_right", true));
      case "StripAccents" -> stripAccents();
      case "Prepend" -> {
        String prefix = section.text("prepend");
        yield text -> text.isEmpty() ? text : prefix + text;
      }
      case "Replace" -> {
        TextFinder finder = section.finder("pattern");
        String content = section.text("content");
        yield text -> finder.replaceAll(text, content);
      }
      case "ByteLevel" -> ByteAlphabet::spell;
      default -> throw section.unsupported("normalizer " + type);
    };
  }

  private static Normalizer sequence(Section section) throws TokenizerException {
    List<Normalizer> stages = new ArrayList<>();
    for (Section each : section.children("normalizers")) {
      stages.add(read(each));
    }
    return text -> {
      String result = text;
      for (Normalizer stage : stages) {
        result = stage.normalize(result);
        checkGrowth(text.length(), result.length());
      }
      return result;
    };
  }

  /**
   * @throws InputException when a text has grown as no normalizer of a model makes it
   */
  static void checkGrowth(int before, int after) {
    if (after > SMALL + (long) GROWTH * before) {
      throw new InputException(
          "the tokenizer's normalizer makes more than %d characters of a text of %d"
              .formatted(SMALL + (long) GROWTH * before, before));
    }
  }

  /** ASCII is normal in every form, and most text is ASCII. */
  static Normalizer unicode(Form form) {
    return text -> isAscii(text) ? text : java.text.Normalizer.normalize(text, form);
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  /** Character by character, so without the rule for a final sigma. */
  private static String lowercase(String text) {
    StringBuilder lower = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (c == 'İ') {
                lower.append("i̇");
              } else {
                lower.appendCodePoint(Character.toLowerCase(c));
              }
            });
    return lower.toString();
  }

  private static Normalizer strip(boolean left, boolean right) {
    CodePointSet space = UnicodeSets.WHITE_SPACE;
    return text -> {
      int start = 0;
      int end = text.length();
      while (left && start < end && space.contains(text.charAt(start))) {
        start++;
      }
      while (right && end > start && space.contains(text.charAt(end - 1))) {
        end--;
      }
      return text.substring(start, end);
    };
  }

  private static Normalizer stripAccents() {
    TextFinder marks = TextFinder.characters(UnicodeSets.MARK);
    return text -> marks.replaceAll(text, "");
  }
}

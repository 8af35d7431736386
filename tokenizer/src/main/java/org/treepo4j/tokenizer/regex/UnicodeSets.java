package org.treepo4j.tokenizer.regex;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The code points of a Unicode property. General categories are those of Unicode 16 from a table
 * beside this class, so that a text has the same tokens on every JDK; scripts come from the JDK.
 */
public final class UnicodeSets {
  private static final Map<String, CodePointSet> CATEGORIES = readCategories();

  /** {@code L}: all letters. */
  public static final CodePointSet LETTER = CATEGORIES.get("L");

  /** {@code N}: all numbers (digits, letters used as numbers, others). */
  public static final CodePointSet NUMBER = CATEGORIES.get("N");

  /** {@code P}: all punctuation. */
  public static final CodePointSet PUNCTUATION = CATEGORIES.get("P");

  /** {@code M}: all marks that combine with the character before. */
  public static final CodePointSet MARK = CATEGORIES.get("M");

  /** The property White_Space. */
  public static final CodePointSet WHITE_SPACE =
      CodePointSet.range('\t', '\r')
          .or(CodePointSet.of(' '))
          .or(CodePointSet.of(0x85))
          .or(CodePointSet.of(0xA0))
          .or(CodePointSet.of(0x1680))
          .or(CodePointSet.range(0x2000, 0x200A))
          .or(CodePointSet.range(0x2028, 0x2029))
          .or(CodePointSet.of(0x202F))
          .or(CodePointSet.of(0x205F))
          .or(CodePointSet.of(0x3000));

  /** Letters that are in category So: circled and squared Latin letters. */
  private static final CodePointSet SYMBOL_LETTERS =
      CodePointSet.range(0x24B6, 0x24E9)
          .or(CodePointSet.range(0x1F130, 0x1F149))
          .or(CodePointSet.range(0x1F150, 0x1F169))
          .or(CodePointSet.range(0x1F170, 0x1F189));

  /** Letters, marks, digits and connectors. */
  private static final CodePointSet PLAIN_WORD =
      LETTER
          .or(MARK)
          .or(CATEGORIES.get("Nd"))
          .or(CATEGORIES.get("Nl"))
          .or(CATEGORIES.get("Pc"))
          .or(SYMBOL_LETTERS);

  /** {@code \w} of Rust's regex crate: with the zero-width joiners. */
  public static final CodePointSet WORD = PLAIN_WORD.or(CodePointSet.range(0x200C, 0x200D));

  /** {@code [^\w\s]} of Rust's regex crate. */
  public static final CodePointSet NEITHER_WORD_NOR_SPACE = WORD.or(WHITE_SPACE).not();

  /** {@code \w} of Oniguruma, which counts the Latin-1 superscripts and fractions in. */
  static final CodePointSet ONIGURUMA_WORD =
      PLAIN_WORD
          .or(CodePointSet.range(0xB2, 0xB3))
          .or(CodePointSet.of(0xB9))
          .or(CodePointSet.range(0xBC, 0xBE));

  static final CodePointSet DIGIT = CATEGORIES.get("Nd");

  static final CodePointSet HEX_DIGIT =
      CodePointSet.range('0', '9')
          .or(CodePointSet.range('A', 'F'))
          .or(CodePointSet.range('a', 'f'));

  private UnicodeSets() {}

  /** The set of {@code \p{name}}: a general category, a script or a POSIX class; else empty. */
  static Optional<CodePointSet> property(String name) {
    String plain = name.replaceAll("[ _-]", "").toLowerCase(Locale.ROOT);
    for (Map.Entry<String, CodePointSet> category : CATEGORIES.entrySet()) {
      if (category.getKey().toLowerCase(Locale.ROOT).equals(plain)) {
        return Optional.of(category.getValue());
      }
    }
    CodePointSet posix =
        switch (plain) {
          case "any" -> CodePointSet.ALL;
          case "alpha", "alphabetic" -> PLAIN_WORD.and(DIGIT.or(CATEGORIES.get("Pc")).not());
          case "letter" -> LETTER;
          case "mark" -> MARK;
          case "number" -> NUMBER;
          case "punctuation" -> PUNCTUATION;
          case "symbol" -> CATEGORIES.get("S");
          case "digit" -> DIGIT;
          case "alnum" -> PLAIN_WORD.and(CATEGORIES.get("Pc").not());
          case "word" -> ONIGURUMA_WORD;
          case "space", "whitespace" -> WHITE_SPACE;
          case "punct" -> PUNCTUATION.or(CATEGORIES.get("S"));
          case "upper", "uppercaseletter" -> CATEGORIES.get("Lu");
          case "lower", "lowercaseletter" -> CATEGORIES.get("Ll");
          case "cntrl" -> CATEGORIES.get("Cc");
          case "blank" -> CATEGORIES.get("Zs").or(CodePointSet.of('\t'));
          case "ascii" -> CodePointSet.range(0, 127);
          case "xdigit" -> HEX_DIGIT;
          default -> null;
        };
    return posix != null ? Optional.of(posix) : script(plain);
  }

  private static Optional<CodePointSet> script(String plain) {
    for (Character.UnicodeScript script : Character.UnicodeScript.values()) {
      if (script.name().replace("_", "").toLowerCase(Locale.ROOT).equals(plain)) {
        List<Integer> bounds = new ArrayList<>();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
          if (Character.UnicodeScript.of(c) == script) {
            append(bounds, c, c);
          }
        }
        return Optional.of(set(bounds));
      }
    }
    return Optional.empty();
  }

  private static Map<String, CodePointSet> readCategories() {
    Map<String, List<Integer>> bounds = new HashMap<>();
    try (InputStream in = UnicodeSets.class.getResourceAsStream("general-categories.txt");
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      int first = 0;
      String category = null;
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.startsWith("#")) {
          continue;
        }
        int space = line.indexOf(' ');
        int next = Integer.parseInt(line.substring(0, space), 16);
        if (category != null) {
          add(bounds, category, first, next - 1);
        }
        first = next;
        category = line.substring(space + 1);
      }
      add(bounds, category, first, Character.MAX_CODE_POINT);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, CodePointSet> sets = new HashMap<>();
    bounds.forEach((name, list) -> sets.put(name, set(list)));
    return Map.copyOf(sets);
  }

  private static void add(Map<String, List<Integer>> bounds, String category, int first, int last) {
    append(bounds.computeIfAbsent(category, c -> new ArrayList<>()), first, last);
    append(bounds.computeIfAbsent(category.substring(0, 1), c -> new ArrayList<>()), first, last);
  }

  private static void append(List<Integer> bounds, int first, int last) {
    int size = bounds.size();
    if (size > 0 && bounds.get(size - 1) == first - 1) {
      bounds.set(size - 1, last);
    } else {
      bounds.add(first);
      bounds.add(last);
    }
  }

  private static CodePointSet set(List<Integer> bounds) {
    return CodePointSet.ofSortedBounds(bounds.stream().mapToInt(Integer::intValue).toArray());
  }
}

package org.treepo4j.tokenizer.regex;

import java.util.Optional;
import org.treepo4j.tokenizer.regex.PatternParser.PatternSource;

/**
 * Reads {@code [...]} with nesting, {@code &&} and POSIX brackets, and escapes of one character.
 */
final class ClassParser {
  private static final int MAX_DEPTH = 50;

  private final PatternSource source;
  private int depth;

  ClassParser(PatternSource source) {
    this.source = source;
  }

  /** After the opening bracket. */
  CodePointSet parse() {
    if (++depth > MAX_DEPTH) {
      throw source.error("classes nested deeper than " + MAX_DEPTH);
    }
    boolean negative = source.take('^');
    CodePointSet whole = null;
    CodePointSet part = CodePointSet.NONE;
    boolean first = true;
    while (first || source.peek(0) != ']') {
      if (source.peek(0) == '&' && source.peek(1) == '&') {
        source.next();
        source.next();
        whole = whole == null ? part : whole.and(part);
        part = CodePointSet.NONE;
      } else {
        part = part.or(item());
      }
      first = false;
    }
    source.next();
    depth--;
    whole = whole == null ? part : whole.and(part);
    return negative ? whole.not() : whole;
  }

  private CodePointSet item() {
    int c = source.next();
    if (c == '[') {
      Optional<CodePointSet> posix = source.peek(0) == ':' ? posix() : Optional.empty();
      return posix.orElseGet(this::parse);
    }
    CodePointSet set = c == '\\' ? classEscape() : CodePointSet.of(c);
    int[] bounds = set.bounds();
    boolean single = bounds.length == 2 && bounds[0] == bounds[1];
    if (single && source.peek(0) == '-' && source.peek(1) != ']' && source.peek(1) != -1) {
      source.next();
      int end = source.next();
      if (end == '[') {
        throw source.error("a range ends in a class");
      }
      int[] last = (end == '\\' ? classEscape() : CodePointSet.of(end)).bounds();
      if (last.length != 2 || last[0] != last[1] || last[0] < bounds[0]) {
        throw source.error("a range is empty or ends in a class");
      }
      return CodePointSet.range(bounds[0], last[0]);
    }
    return set;
  }

  /** {@code [:name:]} after its opening bracket; empty, and nothing read, where it is none. */
  private Optional<CodePointSet> posix() {
    StringBuilder name = new StringBuilder();
    int ahead = 1;
    boolean negative = source.peek(ahead) == '^';
    if (negative) {
      ahead++;
    }
    while (source.peek(ahead) >= 'a' && source.peek(ahead) <= 'z') {
      name.appendCodePoint(source.peek(ahead++));
    }
    if (source.peek(ahead) != ':' || source.peek(ahead + 1) != ']') {
      return Optional.empty();
    }
    Optional<CodePointSet> set = UnicodeSets.property(name.toString());
    if (set.isEmpty()) {
      throw source.error("unknown POSIX class " + name);
    }
    for (int i = 0; i < ahead + 2; i++) {
      source.next();
    }
    return set.map(s -> negative ? s.not() : s);
  }

  private CodePointSet classEscape() {
    if (source.take('b')) {
      return CodePointSet.of('\b');
    }
    return escape();
  }

  /** After the backslash: an escape that stands for one character of a set. */
  CodePointSet escape() {
    int c = source.next();
    return switch (c) {
      case 'd' -> UnicodeSets.DIGIT;
      case 'D' -> UnicodeSets.DIGIT.not();
      case 's' -> UnicodeSets.WHITE_SPACE;
      case 'S' -> UnicodeSets.WHITE_SPACE.not();
      case 'w' -> UnicodeSets.ONIGURUMA_WORD;
      case 'W' -> UnicodeSets.ONIGURUMA_WORD.not();
      case 'h' -> UnicodeSets.HEX_DIGIT;
      case 'H' -> UnicodeSets.HEX_DIGIT.not();
      case 'p' -> property(false);
      case 'P' -> property(true);
      case 't' -> CodePointSet.of('\t');
      case 'n' -> CodePointSet.of('\n');
      case 'r' -> CodePointSet.of('\r');
      case 'f' -> CodePointSet.of('\f');
      case 'v' -> CodePointSet.of(0x0B);
      case 'a' -> CodePointSet.of(0x07);
      case 'e' -> CodePointSet.of(0x1B);
      case 'x' -> CodePointSet.of(source.take('{') ? hex(8, true) : hex(2, false));
      case 'u' -> CodePointSet.of(hex(4, false));
      default -> {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
          throw source.error("unsupported escape \\" + Character.toString(c));
        }
        yield CodePointSet.of(c);
      }
    };
  }

  private CodePointSet property(boolean outerNegative) {
    if (!source.take('{')) {
      throw source.error("\\p needs braces");
    }
    boolean negative = outerNegative ^ source.take('^');
    StringBuilder name = new StringBuilder();
    for (int c = source.next(); c != '}'; c = source.next()) {
      name.appendCodePoint(c);
    }
    CodePointSet set =
        UnicodeSets.property(name.toString())
            .orElseThrow(() -> source.error("unknown property " + name));
    return negative ? set.not() : set;
  }

  private int hex(int most, boolean braced) {
    int value = 0;
    int digits = 0;
    while (digits < most && source.peek(0) != -1 && Character.digit(source.peek(0), 16) >= 0) {
      value = value * 16 + Character.digit(source.next(), 16);
      digits++;
    }
    if (digits == 0 || value < 0 || value > Character.MAX_CODE_POINT) {
      throw source.error("bad hexadecimal escape");
    }
    if (braced && !source.take('}')) {
      throw source.error("a brace is not closed");
    }
    return value;
  }
}

package org.treepo4j.tokenizer.regex;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/**
 * Reads a pattern in Oniguruma's Ruby syntax: {@code ^} and {@code $} look at lines, {@code .} is
 * anything but a newline, groups only group. Back references, {@code \K}, {@code \G}, {@code \X},
 * conditionals and subexpression calls are refused.
 */
final class PatternParser {
  private static final int MAX_DEPTH = 100;

  private static final CodePointSet NEWLINE = CodePointSet.of('\n');

  private final PatternSource source;
  private final ClassParser classes;
  private int depth;

  /** Flags {@code i}, {@code m} (dot takes newlines) and {@code x} (free spacing). */
  private record Flags(boolean ignoreCase, boolean dotAll, boolean extended) {}

  private Flags flags = new Flags(false, false, false);

  PatternParser(String pattern) {
    this.source = new PatternSource(pattern);
    this.classes = new ClassParser(source);
  }

  Node parse() {
    Node node = choice();
    if (!source.atEnd()) {
      throw source.error("unmatched )");
    }
    return node;
  }

  private Node choice() {
    if (++depth > MAX_DEPTH) {
      throw source.error("groups nested deeper than " + MAX_DEPTH);
    }
    Flags outer = flags;
    List<Node> choices = new ArrayList<>();
    choices.add(sequence());
    while (source.take('|')) {
      choices.add(sequence());
    }
    flags = outer;
    depth--;
    return choices.size() == 1 ? choices.get(0) : new Node.Choice(choices);
  }

  private Node sequence() {
    List<Node> parts = new ArrayList<>();
    while (true) {
      skipFreeSpacing();
      if (source.atEnd() || source.peek() == '|' || source.peek() == ')') {
        return parts.size() == 1 ? parts.get(0) : new Node.Sequence(parts);
      }
      Node atom = atom();
      parts.add(quantified(atom));
    }
  }

  private void skipFreeSpacing() {
    while (flags.extended() && !source.atEnd()) {
      if (source.peek() == '#') {
        while (!source.atEnd() && source.next() != '\n') {
          continue;
        }
      } else if (Character.isWhitespace(source.peek())) {
        source.next();
      } else {
        return;
      }
    }
  }

  private Node quantified(Node atom) {
    Node node = atom;
    while (!source.atEnd()) {
      int min;
      int max = Node.UNBOUNDED;
      boolean braces = false;
      if (source.take('*')) {
        min = 0;
      } else if (source.take('+')) {
        min = 1;
      } else if (source.take('?')) {
        min = 0;
        max = 1;
      } else {
        int[] counts = source.takeCounts();
        if (counts == null) {
          return node;
        }
        braces = true;
        min = counts[0];
        max = counts[1];
      }
      Node.Greed greed = Node.Greed.GREEDY;
      if (source.take('?')) {
        greed = Node.Greed.LAZY;
      } else if (!braces && source.take('+')) {
        greed = Node.Greed.POSSESSIVE;
      }
      node = new Node.Repeat(node, min, max, greed);
    }
    return node;
  }

  private Node atom() {
    int c = source.next();
    return switch (c) {
      case '(' -> group();
      case '[' -> one(classes.parse());
      case '.' -> new Node.One(flags.dotAll() ? CodePointSet.ALL : NEWLINE.not());
      case '^' -> Node.Position.LINE_START;
      case '$' -> Node.Position.LINE_END;
      case '*', '+', '?' -> throw source.error("nothing to repeat");
      case '\\' -> escape();
      default -> one(CodePointSet.of(c));
    };
  }

  private Node one(CodePointSet set) {
    return new Node.One(flags.ignoreCase() ? CaseFolding.close(set) : set);
  }

  private Node escape() {
    if (source.atEnd()) {
      throw source.error("ends with a backslash");
    }
    switch (source.peek()) {
      case 'A':
        return position(Node.Position.TEXT_START);
      case 'z':
        return position(Node.Position.TEXT_END);
      case 'Z':
        return position(Node.Position.TEXT_END_OR_LAST_NEWLINE);
      case 'b':
        return position(Node.Position.WORD_BORDER);
      case 'B':
        return position(Node.Position.NO_WORD_BORDER);
      case 'R':
        source.next();
        CodePointSet breaks =
            CodePointSet.range('\n', '\r')
                .or(CodePointSet.of(0x85))
                .or(CodePointSet.range(0x2028, 0x2029));
        Node crLf =
            new Node.Sequence(List.of(new Node.One(CodePointSet.of('\r')), new Node.One(NEWLINE)));
        return new Node.Atomic(new Node.Choice(List.of(crLf, new Node.One(breaks))));
      default:
        return one(classes.escape());
    }
  }

  private Node position(Node.Position position) {
    source.next();
    return position;
  }

  private Node group() {
    if (!source.take('?')) {
      return closed(choice());
    }
    if (source.take('#')) {
      while (source.next() != ')') {
        continue;
      }
      return new Node.Sequence(List.of());
    } else if (source.take(':')) {
      return closed(choice());
    } else if (source.take('=')) {
      return new Node.Look(closed(choice()), true, false);
    } else if (source.take('!')) {
      return new Node.Look(closed(choice()), true, true);
    } else if (source.take('>')) {
      return new Node.Atomic(closed(choice()));
    } else if (source.take('<')) {
      if (source.take('=')) {
        return behind(false);
      } else if (source.take('!')) {
        return behind(true);
      }
      while (source.next() != '>') {
        continue;
      }
      return closed(choice());
    }
    return flagGroup();
  }

  private Node behind(boolean negative) {
    Node body = closed(choice());
    List<Node> choices = body instanceof Node.Choice choice ? choice.choices() : List.of(body);
    List<Node> looks = new ArrayList<>();
    for (Node each : choices) {
      if (each.fixedLength() < 0) {
        throw source.error("a look-behind must have a fixed length");
      }
      looks.add(new Node.Look(each, false, negative));
    }
    return negative ? new Node.Sequence(looks) : new Node.Choice(looks);
  }

  private Node flagGroup() {
    Flags outer = flags;
    boolean on = true;
    while (true) {
      int c = source.next();
      switch (c) {
        case '-' -> on = false;
        case 'i' -> flags = new Flags(on, flags.dotAll(), flags.extended());
        case 'm' -> flags = new Flags(flags.ignoreCase(), on, flags.extended());
        case 'x' -> flags = new Flags(flags.ignoreCase(), flags.dotAll(), on);
        case ':' -> {
          Node body = closed(choice());
          flags = outer;
          return body;
        }
        case ')' -> {
          return restOfGroup();
        }
        default -> throw source.error("unsupported group (?" + Character.toString(c));
      }
    }
  }

  /** {@code a(?i)b|c} is {@code a(?i:b|c)} in this dialect. */
  private Node restOfGroup() {
    return choice();
  }

  private Node closed(Node body) {
    if (source.atEnd() || source.next() != ')') {
      throw source.error("a group is not closed");
    }
    return body;
  }

  /** The pattern's characters, with a place to point at in errors. */
  static final class PatternSource {
    private final int[] codePoints;
    private final String pattern;
    private int at;

    PatternSource(String pattern) {
      this.pattern = pattern;
      this.codePoints = pattern.codePoints().toArray();
    }

    boolean atEnd() {
      return at >= codePoints.length;
    }

    int peek() {
      return codePoints[at];
    }

    /** The character {@code ahead} of the next one, or -1. */
    int peek(int ahead) {
      return at + ahead < codePoints.length ? codePoints[at + ahead] : -1;
    }

    int next() {
      if (atEnd()) {
        throw error("ends too early");
      }
      return codePoints[at++];
    }

    boolean take(int c) {
      if (!atEnd() && codePoints[at] == c) {
        at++;
        return true;
      }
      return false;
    }

    /** Reads {@code {n}}, {@code {n,}}, {@code {,m}} or {@code {n,m}}; null where it is literal. */
    int[] takeCounts() {
      int start = at;
      if (take('{')) {
        int min = number();
        boolean comma = take(',');
        int max = comma ? number() : min;
        if (take('}') && (min >= 0 || (comma && max >= 0))) {
          if (max >= 0 && max < min) {
            throw error("counts in the wrong order");
          }
          return new int[] {Math.max(min, 0), max < 0 ? Node.UNBOUNDED : max};
        }
      }
      at = start;
      return null;
    }

    private int number() {
      int value = -1;
      while (!atEnd() && peek() >= '0' && peek() <= '9') {
        value = Math.max(value, 0) * 10 + next() - '0';
        if (value > 1000) {
          throw error("a count is above 1000");
        }
      }
      return value;
    }

    PatternSyntaxException error(String what) {
      return new PatternSyntaxException(what, pattern, at);
    }
  }
}

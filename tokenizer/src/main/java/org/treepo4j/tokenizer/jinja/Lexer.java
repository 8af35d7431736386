package org.treepo4j.tokenizer.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens with Jinja2's white-space rules: {@code -} strips, {@code +} keeps,
 * one newline after a block or comment goes ({@code trim_blocks}), and so does white space between
 * a line's start and a block or comment ({@code lstrip_blocks}).
 */
final class Lexer {
  private static final Pattern FLOAT =
      Pattern.compile(
          "(?:\\d+_)*+\\d++(?:(?:\\.(?:\\d+_)*+\\d++)?[eE][+-]?(?:\\d+_)*+\\d++"
              + "|\\.(?:\\d+_)*+\\d++)");
  private static final Pattern INTEGER =
      Pattern.compile(
          "0[bB](?:_?[01])++|0[oO](?:_?[0-7])++|0[xX](?:_?[0-9a-fA-F])++"
              + "|[1-9](?:_?\\d)*+|0(?:_?0)*+");

  /** Longer operators first. */
  private static final List<String> OPERATORS =
      List.of(
          "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private int lineCountedTo;
  private boolean lineStarting = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokenize(String template) {
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    if (source.endsWith("\n")) {
      source = source.substring(0, source.length() - 1);
    }
    Lexer lexer = new Lexer(source);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    while (at < source.length()) {
      int tag = nextTag(at);
      if (tag < 0) {
        data(source.substring(at));
        at = source.length();
        break;
      }
      char kind = source.charAt(tag + 1);
      int inside = tag + 2;
      char sign = inside < source.length() ? source.charAt(inside) : ' ';
      boolean signed = sign == '-' || sign == '+';
      data(strippedBefore(source.substring(at, tag), signed ? sign : ' ', kind != '{'));
      at = signed ? inside + 1 : inside;
      if (kind == '#') {
        comment();
      } else if (kind == '%' && !raw()) {
        add(Token.Kind.BLOCK_BEGIN, "{%");
        expression("%}", Token.Kind.BLOCK_END);
      } else if (kind == '{') {
        add(Token.Kind.VARIABLE_BEGIN, "{{");
        expression("}}", Token.Kind.VARIABLE_END);
      }
      lineStarting = at > 0 && source.charAt(at - 1) == '\n';
    }
    add(Token.Kind.END, "end of template");
  }

  private int nextTag(int from) {
    for (int brace = source.indexOf('{', from);
        brace >= 0;
        brace = source.indexOf('{', brace + 1)) {
      char next = brace + 1 < source.length() ? source.charAt(brace + 1) : ' ';
      if (next == '{' || next == '%' || next == '#') {
        return brace;
      }
    }
    return -1;
  }

  /** The text before a tag, as the tag's sign and lstrip_blocks leave it. */
  private String strippedBefore(String text, char sign, boolean block) {
    if (sign == '-') {
      return PythonText.rstrip(text);
    }
    if (sign != '+' && block) {
      int lineStart = text.lastIndexOf('\n') + 1;
      if ((lineStart > 0 || lineStarting)
          && PythonText.strip(text.substring(lineStart)).isEmpty()) {
        return text.substring(0, lineStart);
      }
    }
    return text;
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      add(Token.Kind.DATA, text);
    }
  }

  private void add(Token.Kind kind, String text) {
    for (; lineCountedTo < at; lineCountedTo++) {
      if (source.charAt(lineCountedTo) == '\n') {
        line++;
      }
    }
    tokens.add(new Token(kind, text, line));
  }

  private void comment() {
    int end = source.indexOf("#}", at);
    if (end < 0) {
      throw error("Missing end of comment tag");
    }
    char sign = end > at ? source.charAt(end - 1) : ' ';
    at = end + 2;
    afterBlock(sign);
  }

  /** What a block's end takes along: all white space, nothing, or one newline. */
  private void afterBlock(char sign) {
    if (sign == '-') {
      skipSpace();
    } else if (sign != '+' && at < source.length() && source.charAt(at) == '\n') {
      at++;
    }
  }

  private void skipSpace() {
    while (at < source.length() && PythonText.isSpace(source.charAt(at))) {
      at++;
    }
  }

  private static final Pattern RAW = Pattern.compile("\\s*raw\\s*(-?)%\\}");
  private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}");

  /** Reads {@code {% raw %}…{% endraw %}} where the tag is one. */
  private boolean raw() {
    Matcher begin = RAW.matcher(source).region(at, source.length());
    if (!begin.lookingAt()) {
      return false;
    }
    at = begin.end();
    if (begin.group(1).equals("-")) {
      skipSpace();
    }
    Matcher end = END_RAW.matcher(source);
    if (!end.find(at)) {
      throw error("Missing end of raw directive");
    }
    lineStarting = at > 0 && source.charAt(at - 1) == '\n';
    char sign = end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0);
    data(strippedBefore(source.substring(at, end.start()), sign, true));
    at = end.end();
    afterBlock(end.group(2).isEmpty() ? ' ' : end.group(2).charAt(0));
    return true;
  }

  private void expression(String end, Token.Kind endKind) {
    Deque<String> open = new ArrayDeque<>();
    while (true) {
      skipSpace();
      if (at >= source.length()) {
        throw error("unexpected end of template");
      }
      if (open.isEmpty() && takeEnd(end, endKind)) {
        return;
      }
      char c = source.charAt(at);
      if (c == '\'' || c == '"') {
        string(c);
      } else if (Character.isDigit(c)) {
        number();
      } else if (c == '_' || Character.isLetter(c)) {
        name();
      } else {
        operator(open);
      }
    }
  }

  private boolean takeEnd(String end, Token.Kind kind) {
    boolean block = kind == Token.Kind.BLOCK_END;
    char c = source.charAt(at);
    boolean signed = (c == '-' || (block && c == '+')) && source.startsWith(end, at + 1);
    if (!signed && !source.startsWith(end, at)) {
      return false;
    }
    add(kind, end);
    at += signed ? 3 : 2;
    if (block) {
      afterBlock(signed ? c : ' ');
    } else if (signed) {
      skipSpace();
    }
    return true;
  }

  private void string(char quote) {
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw error("unexpected end of string");
    }
    String body = source.substring(at + 1, end);
    add(Token.Kind.STRING, PythonText.unescape(body));
    at = end + 1;
  }

  private void number() {
    boolean afterDot = at > 0 && source.charAt(at - 1) == '.';
    Matcher matcher = FLOAT.matcher(source).region(at, source.length());
    Token.Kind kind = Token.Kind.FLOAT;
    if (afterDot || !matcher.lookingAt()) {
      matcher = INTEGER.matcher(source).region(at, source.length());
      kind = Token.Kind.INTEGER;
      if (!matcher.lookingAt()) {
        throw error("bad number");
      }
    }
    add(kind, matcher.group().replace("_", ""));
    at = matcher.end();
  }

  private void name() {
    int end = at;
    while (end < source.length() && Character.isUnicodeIdentifierPart(source.charAt(end))) {
      end++;
    }
    add(Token.Kind.NAME, source.substring(at, end));
    at = end;
  }

  private void operator(Deque<String> open) {
    for (String operator : OPERATORS) {
      if (source.startsWith(operator, at)) {
        switch (operator) {
          case "(" -> open.push(")");
          case "[" -> open.push("]");
          case "{" -> open.push("}");
          case ")", "]", "}" -> {
            if (open.isEmpty() || !open.pop().equals(operator)) {
              throw error("unexpected '" + operator + "'");
            }
          }
          default -> {}
        }
        add(Token.Kind.OPERATOR, operator);
        at += operator.length();
        return;
      }
    }
    throw error("unexpected char '" + source.charAt(at) + "'");
  }

  private JinjaException error(String message) {
    add(Token.Kind.END, "");
    return JinjaException.syntax(message, line);
  }
}

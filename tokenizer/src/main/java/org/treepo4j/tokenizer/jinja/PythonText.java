package org.treepo4j.tokenizer.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Texts as Python makes them: {@code str()}, {@code repr()}, white space, string escapes. */
final class PythonText {
  private PythonText() {}

  /** {@code str.isspace} of one character. */
  static boolean isSpace(int c) {
    return (c >= 9 && c <= 13)
        || (c >= 0x1C && c <= 0x20)
        || c == 0x85
        || c == 0xA0
        || c == 0x1680
        || (c >= 0x2000 && c <= 0x200A)
        || c == 0x2028
        || c == 0x2029
        || c == 0x202F
        || c == 0x205F
        || c == 0x3000;
  }

  static String strip(String text) {
    return rstrip(lstrip(text, c -> isSpace(c)));
  }

  static String rstrip(String text) {
    return rstrip(text, c -> isSpace(c));
  }

  static String lstrip(String text, Predicate<Integer> strips) {
    int start = 0;
    while (start < text.length() && strips.test(text.codePointAt(start))) {
      start += Character.charCount(text.codePointAt(start));
    }
    return text.substring(start);
  }

  static String rstrip(String text, Predicate<Integer> strips) {
    int end = text.length();
    while (end > 0 && strips.test(text.codePointBefore(end))) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return text.substring(0, end);
  }

  /** {@code str(value)}. */
  static String str(Object value) {
    return value instanceof String text ? text : repr(value);
  }

  /** {@code repr(value)}; bounded in depth by the values, which templates cannot nest in a ring. */
  static String repr(Object value) {
    if (value == null) {
      return "None";
    } else if (value instanceof Boolean bool) {
      return bool ? "True" : "False";
    } else if (value instanceof String text) {
      return quoted(text);
    } else if (value instanceof Double number) {
      return number(number);
    } else if (value instanceof Values.Tuple tuple) {
      String items = joined(tuple);
      return tuple.size() == 1 ? "(" + items + ",)" : "(" + items + ")";
    } else if (value instanceof Values.Function) {
      return "<built-in function>";
    } else if (value instanceof List<?> list && !(value instanceof Values.Range)) {
      return "[" + joined(list) + "]";
    } else if (value instanceof Map<?, ?> map) {
      StringBuilder out = new StringBuilder("{");
      map.forEach(
          (key, item) ->
              out.append(out.length() == 1 ? "" : ", ")
                  .append(repr(key))
                  .append(": ")
                  .append(repr(item)));
      return out.append("}").toString();
    }
    return value.toString();
  }

  static String joined(Collection<?> items) {
    StringBuilder out = new StringBuilder();
    for (Object item : items) {
      out.append(out.isEmpty() ? "" : ", ").append(repr(item));
    }
    return out.toString();
  }

  private static String quoted(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder out = new StringBuilder().append(quote);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                  if (c == quote) {
                    out.append('\\').append(quote);
                  } else if (isPrintable(c)) {
                    out.appendCodePoint(c);
                  } else if (c < 0x100) {
                    out.append(String.format("\\x%02x", c));
                  } else {
                    out.append(String.format(c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
                  }
                }
              }
            });
    return out.append(quote).toString();
  }

  private static boolean isPrintable(int c) {
    return c == ' '
        || switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR,
              Character.SPACE_SEPARATOR ->
              false;
          default -> true;
        };
  }

  /** The shortest digits that read back as the same number, as Python writes them. */
  static String number(double number) {
    if (Double.isNaN(number)) {
      return "nan";
    } else if (Double.isInfinite(number)) {
      return number > 0 ? "inf" : "-inf";
    } else if (number == 0) {
      return 1 / number < 0 ? "-0.0" : "0.0";
    }
    BigDecimal exact = new BigDecimal(Math.abs(number));
    BigDecimal shortest = exact;
    for (int digits = 1; digits <= 17; digits++) {
      shortest = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
      if (shortest.doubleValue() == Math.abs(number)) {
        break;
      }
    }
    String digits = shortest.unscaledValue().toString().replaceFirst("0+$", "");
    int exponent = shortest.precision() - shortest.scale() - 1;
    String sign = number < 0 ? "-" : "";
    if (exponent < -4 || exponent >= 16) {
      String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
      String power = String.format("%02d", Math.abs(exponent));
      return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + power;
    }
    if (exponent < 0) {
      return sign + "0." + "0".repeat(-exponent - 1) + digits;
    }
    if (digits.length() <= exponent + 1) {
      return sign + digits + "0".repeat(exponent + 1 - digits.length()) + ".0";
    }
    return sign + digits.substring(0, exponent + 1) + "." + digits.substring(exponent + 1);
  }

  /** The text that a string literal's body stands for; unknown escapes stay as they are. */
  static String unescape(String body) {
    if (body.indexOf('\\') < 0) {
      return body;
    }
    StringBuilder out = new StringBuilder();
    int at = 0;
    while (at < body.length()) {
      char c = body.charAt(at++);
      if (c != '\\' || at >= body.length()) {
        out.append(c);
        continue;
      }
      char escape = body.charAt(at++);
      switch (escape) {
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case 'r' -> out.append('\r');
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'v' -> out.append('\u000b');
        case 'a' -> out.append('\u0007');
        case '\\', '\'', '"' -> out.append(escape);
        case '\n' -> {}
        case 'x' -> at = appendHex(body, at, 2, out);
        case 'u' -> at = appendHex(body, at, 4, out);
        case 'U' -> at = appendHex(body, at, 8, out);
        default -> {
          if (escape >= '0' && escape <= '7') {
            int value = escape - '0';
            for (int i = 0; i < 2 && at < body.length() && isOctal(body.charAt(at)); i++) {
              value = value * 8 + body.charAt(at++) - '0';
            }
            out.append((char) value);
          } else {
            out.append('\\').append(escape);
          }
        }
      }
    }
    return out.toString();
  }

  private static boolean isOctal(char c) {
    return c >= '0' && c <= '7';
  }

  private static int appendHex(String body, int from, int digits, StringBuilder out) {
    try {
      int value = Integer.parseInt(body.substring(from, from + digits), 16);
      out.appendCodePoint(value);
      return from + digits;
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw JinjaException.of("TemplateSyntaxError", "bad escape in the string '" + body + "'");
    }
  }
}

package org.treepo4j.tokenizer.jinja;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code '%s' % value} and {@code '{}'.format(value)}, with the specifications in common use. */
final class Formatting {
  private static final Pattern PERCENT =
      Pattern.compile("%(?:\\((\\w+)\\))?([-+ 0#]*)(\\d{0,4})(?:\\.(\\d{1,3}))?([sdrifxXeg%])");
  private static final Pattern BRACES =
      Pattern.compile("\\{\\{|\\}\\}|\\{(\\w*)(?:!([rs]))?(?::([^{}]*))?\\}");
  private static final Pattern SPECIFICATION =
      Pattern.compile("(?:(.)?([<>^]))?([+]?)(0?)(\\d{0,4})(,?)(?:\\.(\\d{1,3}))?([sdfx%]?)");

  private Formatting() {}

  static String percent(String format, Object values, Budget budget) {
    Matcher matcher = PERCENT.matcher(format);
    StringBuilder out = new StringBuilder();
    int at = 0;
    int next = 0;
    List<?> list = values instanceof Values.Tuple tuple ? tuple : java.util.Arrays.asList(values);
    while (matcher.find()) {
      budget.step();
      appendLiteral(out, format.substring(at, matcher.start()));
      at = matcher.end();
      char kind = matcher.group(5).charAt(0);
      if (kind == '%') {
        out.append('%');
        continue;
      }
      Object value;
      if (matcher.group(1) != null) {
        value = values instanceof Map<?, ?> map ? map.get(matcher.group(1)) : null;
      } else if (next < list.size()) {
        value = list.get(next++);
      } else {
        throw JinjaException.type("not enough arguments for format string");
      }
      boolean left = matcher.group(2).contains("-");
      boolean zeros = matcher.group(2).contains("0") && !left && kind != 's' && kind != 'r';
      String sign = matcher.group(2).contains("+") ? "+" : "";
      String text = one(value, kind == 'i' ? 'd' : kind, number(matcher.group(4), -1), sign);
      out.append(pad(text, left ? '<' : '>', zeros ? '0' : ' ', number(matcher.group(3), 0)));
    }
    if (next < list.size() && values instanceof Values.Tuple) {
      throw JinjaException.type("not all arguments converted during string formatting");
    }
    appendLiteral(out, format.substring(at));
    return out.toString();
  }

  private static void appendLiteral(StringBuilder out, String text) {
    if (text.indexOf('%') >= 0) {
      throw JinjaException.value("unsupported format string '" + text + "'");
    }
    out.append(text);
  }

  static String braces(String format, Arguments arguments, Budget budget) {
    Matcher matcher = BRACES.matcher(format);
    StringBuilder out = new StringBuilder();
    int at = 0;
    int next = 0;
    while (matcher.find()) {
      budget.step();
      out.append(format, at, matcher.start());
      at = matcher.end();
      if (matcher.group().equals("{{") || matcher.group().equals("}}")) {
        out.append(matcher.group().charAt(0));
        continue;
      }
      String field = matcher.group(1);
      Object value;
      if (field.isEmpty() || Character.isDigit(field.charAt(0))) {
        int place = field.isEmpty() ? next++ : number(field, 0);
        if (place >= arguments.positional().size()) {
          throw JinjaException.of("IndexError", "Replacement index " + place + " out of range");
        }
        value = arguments.positional().get(place);
      } else if (arguments.named().containsKey(field)) {
        value = arguments.named().get(field);
      } else {
        throw JinjaException.of("KeyError", "'" + field + "'");
      }
      if (matcher.group(2) != null) {
        value = matcher.group(2).equals("r") ? PythonText.repr(value) : PythonText.str(value);
      }
      out.append(specified(value, matcher.group(3) == null ? "" : matcher.group(3)));
    }
    String rest = format.substring(at);
    if (rest.indexOf('{') >= 0 || rest.indexOf('}') >= 0) {
      throw JinjaException.value("unsupported format string '" + format + "'");
    }
    return out.append(rest).toString();
  }

  private static String specified(Object value, String specification) {
    Matcher matcher = SPECIFICATION.matcher(specification);
    if (!matcher.matches()) {
      throw JinjaException.value("unsupported format specification '" + specification + "'");
    }
    boolean numeric = Numbers.isNumber(value) && !(value instanceof Boolean);
    char kind =
        matcher.group(8).isEmpty()
            ? (matcher.group(7) != null && numeric ? 'f' : 's')
            : matcher.group(8).charAt(0);
    boolean percentage = kind == '%';
    Object scaled = percentage ? (Object) (100 * Numbers.asDouble(value)) : value;
    int precision = number(matcher.group(7), -1);
    String text = one(scaled, percentage ? 'f' : kind, precision, matcher.group(3));
    if (!matcher.group(6).isEmpty()) {
      int dot = text.indexOf('.');
      String whole = dot < 0 ? text : text.substring(0, dot);
      text = whole.replaceAll("(?<=\\d)(?=(\\d{3})+$)", ",") + (dot < 0 ? "" : text.substring(dot));
    }
    text += percentage ? "%" : "";
    char align = matcher.group(2) == null ? (numeric ? '>' : '<') : matcher.group(2).charAt(0);
    char fill = matcher.group(1) != null ? matcher.group(1).charAt(0) : ' ';
    if (!matcher.group(4).isEmpty()) {
      fill = '0';
    }
    return pad(text, align, fill, number(matcher.group(5), 0));
  }

  private static String one(Object value, char kind, int precision, String sign) {
    if (kind == 's' || kind == 'r') {
      String text = kind == 's' ? PythonText.str(value) : PythonText.repr(value);
      return precision >= 0 && precision < text.length() ? text.substring(0, precision) : text;
    }
    if (!Numbers.isNumber(value)) {
      throw JinjaException.type(
          "%" + kind + " format: a real number is required, not " + Values.typeName(value));
    }
    String text =
        switch (kind) {
          case 'd' ->
              (value instanceof Double number ? Numbers.truncate(number) : Numbers.big(value))
                  .toString();
          case 'x' -> Numbers.big(value).toString(16);
          case 'X' -> Numbers.big(value).toString(16).toUpperCase(Locale.ROOT);
          default ->
              String.format(
                  Locale.ROOT,
                  "%." + (precision < 0 ? 6 : precision) + kind,
                  new java.math.BigDecimal(Numbers.asDouble(value)));
        };
    return sign.isEmpty() || text.startsWith("-") ? text : sign + text;
  }

  private static String pad(String text, char align, char fill, int width) {
    int missing = width - (int) Values.length(text);
    if (missing <= 0) {
      return text;
    }
    if (fill == '0' && text.startsWith("-")) {
      return "-" + "0".repeat(missing) + text.substring(1);
    }
    int left = align == '>' ? missing : align == '^' ? missing / 2 : 0;
    String filler = String.valueOf(fill);
    return filler.repeat(left) + text + filler.repeat(missing - left);
  }

  private static int number(String digits, int absent) {
    return digits == null || digits.isEmpty() ? absent : Integer.parseInt(digits);
  }
}

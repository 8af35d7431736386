package org.treepo4j.tokenizer.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Filters that make texts. */
final class TextFilters {
  private static final Pattern TITLE_BORDER = Pattern.compile("[-\\s({\\[<]+");
  private static final Pattern TAGS = Pattern.compile("<!--.*?-->|<[^>]*>", Pattern.DOTALL);
  private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

  private final Evaluator evaluator;
  private final Budget budget;
  private final StringMethods methods;

  TextFilters(Evaluator evaluator) {
    this.evaluator = evaluator;
    this.budget = evaluator.budget;
    this.methods = new StringMethods(budget);
  }

  /** Null where the filter is none of these. */
  Object apply(String name, Object value, Arguments arguments) {
    return switch (name) {
      case "upper" -> budget.text(PythonText.str(value).toUpperCase(Locale.ROOT));
      case "lower" -> budget.text(PythonText.str(value).toLowerCase(Locale.ROOT));
      case "capitalize" -> budget.text(StringMethods.capitalize(PythonText.str(value)));
      case "title" -> budget.text(title(PythonText.str(value)));
      case "trim" -> evaluator.call(methods.find(PythonText.str(value), "strip"), arguments);
      case "center" -> {
        Arguments width =
            arguments.has(0, "width") ? arguments : new Arguments(List.of(80L), Map.of());
        yield evaluator.call(methods.find(PythonText.str(value), "center"), width);
      }
      case "replace" -> {
        Object count = arguments.get(2, "count", null);
        String old = PythonText.str(arguments.required(0, "old"));
        String replacement = PythonText.str(arguments.required(1, "new"));
        yield methods.replace(
            PythonText.str(value), old, replacement, count == null ? -1 : Numbers.index(count));
      }
      case "join" -> join(value, arguments);
      case "indent" -> indent(PythonText.str(value), arguments);
      case "truncate" -> truncate(PythonText.str(value), arguments);
      case "format" -> {
        Object values =
            arguments.named().isEmpty()
                ? new Values.Tuple(arguments.positional())
                : arguments.named();
        yield budget.text(Formatting.percent(PythonText.str(value), values, budget));
      }
      case "e", "escape", "forceescape" -> budget.text(escape(PythonText.str(value)));
      case "striptags" -> {
        String bare = TAGS.matcher(PythonText.str(value)).replaceAll("");
        yield budget.text(unescape(methods.join(" ", Splitting.split(bare, null, -1).iterator())));
      }
      case "urlencode" -> budget.text(urlEncode(value));
      case "wordcount" -> WORD.matcher(PythonText.str(value)).results().count();
      default -> null;
    };
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    Matcher borders = TITLE_BORDER.matcher(text);
    int at = 0;
    while (borders.find()) {
      appendTitle(out, text.substring(at, borders.start()));
      appendTitle(out, borders.group());
      at = borders.end();
    }
    appendTitle(out, text.substring(at));
    return out.toString();
  }

  private static void appendTitle(StringBuilder out, String word) {
    if (!word.isEmpty()) {
      int first = Character.charCount(word.codePointAt(0));
      out.append(word.substring(0, first).toUpperCase(Locale.ROOT))
          .append(word.substring(first).toLowerCase(Locale.ROOT));
    }
  }

  private String join(Object value, Arguments arguments) {
    String separator = PythonText.str(arguments.get(0, "d", ""));
    Object attribute = arguments.get(1, "attribute", null);
    List<Object> texts = new ArrayList<>();
    for (Iterator<Object> items = Values.iterate(value); items.hasNext(); ) {
      Object item = items.next();
      texts.add(
          PythonText.str(
              attribute == null ? item : evaluator.attributes.path(item, attribute, null)));
    }
    return methods.join(separator, texts.iterator());
  }

  private String indent(String text, Arguments arguments) {
    Object width = arguments.get(0, "width", 4L);
    String indent =
        width instanceof String given ? given : methods.pad("", 0, Numbers.index(width), " ");
    boolean first = arguments.flag(1, "first", false);
    boolean blank = arguments.flag(2, "blank", false);
    StringBuilder out = new StringBuilder(first ? indent : "");
    boolean firstLine = true;
    for (Object line : Splitting.lines(text + "\n", false)) {
      if (!firstLine) {
        budget.reserveText(out.length(), indent.length());
        out.append('\n').append(blank || !line.equals("") ? indent : "");
      }
      out.append(line);
      firstLine = false;
    }
    return budget.text(out.toString());
  }

  private static String truncate(String text, Arguments arguments) {
    int length = (int) Math.min(Integer.MAX_VALUE / 2, arguments.integer(0, "length", 255));
    boolean killWords = arguments.flag(1, "killwords", false);
    String end = arguments.text(2, "end", "...");
    Object given = arguments.get(3, "leeway", null);
    long leeway = given == null ? 5 : Numbers.index(given);
    int endLength = (int) Values.length(end);
    if (length < endLength) {
      throw JinjaException.of(
          "AssertionError", "expected length >= " + endLength + ", got " + length);
    }
    if (Values.length(text) <= length + leeway) {
      return text;
    }
    String cut = text.substring(0, text.offsetByCodePoints(0, length - endLength));
    int space = cut.lastIndexOf(' ');
    return (killWords || space < 0 ? cut : cut.substring(0, space)) + end;
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace(">", "&gt;")
        .replace("<", "&lt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }

  private static String unescape(String text) {
    return text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
  }

  private static String urlEncode(Object value) {
    if (value instanceof String || !Values.isIterable(value)) {
      return quote(PythonText.str(value), "/");
    }
    Iterator<Object> pairs =
        Values.iterate(value instanceof Map<?, ?> map ? Attributes.items(map) : value);
    List<String> parts = new ArrayList<>();
    while (pairs.hasNext()) {
      if (!(pairs.next() instanceof List<?> pair) || pair.size() != 2) {
        throw JinjaException.value("urlencode needs pairs");
      }
      String key = quote(PythonText.str(pair.get(0)), "").replace("%20", "+");
      parts.add(key + "=" + quote(PythonText.str(pair.get(1)), "").replace("%20", "+"));
    }
    return String.join("&", parts);
  }

  private static String quote(String text, String safe) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xFF);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "_.-~".indexOf(c) >= 0
              || safe.indexOf(c) >= 0;
      out.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
    }
    return out.toString();
  }
}

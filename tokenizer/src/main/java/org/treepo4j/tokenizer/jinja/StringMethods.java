package org.treepo4j.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/** The methods of Python's {@code str}. */
final class StringMethods {
  private final Budget budget;

  StringMethods(Budget budget) {
    this.budget = budget;
  }

  /** The method of a text; null where there is none of that name. */
  Values.Function find(String text, String name) {
    Values.Function method = changing(text, name);
    if (method == null) {
      method = looking(text, name);
    }
    return method == null ? cutting(text, name) : method;
  }

  /** Methods that give the text changed. */
  private Values.Function changing(String text, String name) {
    return switch (name) {
      case "strip" -> a -> PythonText.rstrip(PythonText.lstrip(text, set(a)), set(a));
      case "lstrip" -> a -> PythonText.lstrip(text, set(a));
      case "rstrip" -> a -> PythonText.rstrip(text, set(a));
      case "upper" -> a -> budget.text(text.toUpperCase(Locale.ROOT));
      case "lower", "casefold" -> a -> budget.text(text.toLowerCase(Locale.ROOT));
      case "capitalize" -> a -> budget.text(capitalize(text));
      case "title" -> a -> budget.text(title(text));
      case "swapcase" -> a -> budget.text(swapCase(text));
      case "replace" ->
          a ->
              replace(
                  text, a.text(0, "old", null), a.text(1, "new", null), a.integer(2, "count", -1));
      case "removeprefix" ->
          a -> {
            String prefix = a.text(0, "prefix", null);
            return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
          };
      case "removesuffix" ->
          a -> {
            String suffix = a.text(0, "suffix", null);
            return text.endsWith(suffix)
                ? text.substring(0, text.length() - suffix.length())
                : text;
          };
      case "center" ->
          a -> {
            long missing = missing(text, a.integer(0, "width", 0));
            long left = missing / 2 + (missing & a.integer(0, "width", 0) & 1);
            return pad(text, left, missing - left, a.text(1, "fillchar", " "));
          };
      case "ljust" ->
          a -> pad(text, 0, missing(text, a.integer(0, "width", 0)), a.text(1, "fillchar", " "));
      case "rjust" ->
          a -> pad(text, missing(text, a.integer(0, "width", 0)), 0, a.text(1, "fillchar", " "));
      case "zfill" ->
          a -> {
            boolean signed = text.startsWith("-") || text.startsWith("+");
            String zeros = pad("", missing(text, a.integer(0, "width", 0)), 0, "0");
            return signed ? text.charAt(0) + zeros + text.substring(1) : zeros + text;
          };
      case "expandtabs" -> a -> expandTabs(text, Math.min(64, a.integer(0, "tabsize", 8)));
      case "join" -> a -> join(text, Values.iterate(a.required(0, "iterable")));
      case "format" -> a -> budget.text(Formatting.braces(text, a, budget));
      default -> null;
    };
  }

  /** Methods that tell something about the text. */
  private static Values.Function looking(String text, String name) {
    return switch (name) {
      case "startswith" -> a -> any(a, part -> text.startsWith(part));
      case "endswith" -> a -> any(a, part -> text.endsWith(part));
      case "find" -> a -> place(text, text.indexOf(a.text(0, "sub", null)));
      case "rfind" -> a -> place(text, text.lastIndexOf(a.text(0, "sub", null)));
      case "index" -> a -> found(place(text, text.indexOf(a.text(0, "sub", null))));
      case "rindex" -> a -> found(place(text, text.lastIndexOf(a.text(0, "sub", null))));
      case "count" -> a -> count(text, a.text(0, "sub", null));
      case "isalpha" -> a -> all(text, Character::isLetter);
      case "isdigit", "isdecimal" -> a -> all(text, Character::isDigit);
      case "isnumeric" ->
          a -> all(text, c -> Character.isDigit(c) || isOtherNumber(Character.getType(c)));
      case "isalnum" ->
          a -> all(text, c -> Character.isLetterOrDigit(c) || isOtherNumber(Character.getType(c)));
      case "isspace" -> a -> all(text, PythonText::isSpace);
      case "isascii" -> a -> text.isEmpty() || all(text, c -> c < 128);
      case "isupper" -> a -> hasCase(text) && text.equals(text.toUpperCase(Locale.ROOT));
      case "islower" -> a -> hasCase(text) && text.equals(text.toLowerCase(Locale.ROOT));
      case "istitle" -> a -> hasCase(text) && text.equals(title(text));
      default -> null;
    };
  }

  /** Methods that cut the text. */
  private Values.Function cutting(String text, String name) {
    return switch (name) {
      case "split" ->
          a -> Splitting.split(text, a.get(0, "sep", null), a.integer(1, "maxsplit", -1));
      case "rsplit" ->
          a -> Splitting.splitFromEnd(text, a.get(0, "sep", null), a.integer(1, "maxsplit", -1));
      case "splitlines" -> a -> Splitting.lines(text, a.flag(0, "keepends", false));
      case "partition" ->
          a -> {
            String separator = a.text(0, "sep", null);
            int at = text.indexOf(separator);
            return at < 0 ? new Values.Tuple(List.of(text, "", "")) : parts(text, at, separator);
          };
      case "rpartition" ->
          a -> {
            String separator = a.text(0, "sep", null);
            int at = text.lastIndexOf(separator);
            return at < 0 ? new Values.Tuple(List.of("", "", text)) : parts(text, at, separator);
          };
      default -> null;
    };
  }

  private static Values.Tuple parts(String text, int at, String separator) {
    return new Values.Tuple(
        List.of(text.substring(0, at), separator, text.substring(at + separator.length())));
  }

  private static Predicate<Integer> set(Arguments arguments) {
    Object characters = arguments.get(0, "chars", null);
    if (characters == null) {
      return c -> PythonText.isSpace(c);
    }
    String set = arguments.text(0, "chars", null);
    return c -> set.indexOf(c) >= 0;
  }

  private String expandTabs(String text, long width) {
    StringBuilder out = new StringBuilder();
    int column = 0;
    for (int c : text.codePoints().toArray()) {
      if (c == '\t') {
        int spaces = width <= 0 ? 0 : (int) (width - column % width);
        budget.reserveText(spaces);
        out.append(" ".repeat(spaces));
        column += spaces;
      } else {
        out.appendCodePoint(c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
      }
    }
    return out.toString();
  }

  String replace(String text, String old, String replacement, long count) {
    StringBuilder out = new StringBuilder();
    long left = count < 0 ? Long.MAX_VALUE : count;
    int at = 0;
    if (old.isEmpty()) {
      while (left-- > 0) {
        budget.reserveText(out.length(), replacement.length() + 2L);
        out.append(replacement);
        if (at >= text.length()) {
          break;
        }
        int c = text.codePointAt(at);
        out.appendCodePoint(c);
        at += Character.charCount(c);
      }
      return budget.text(out.append(text, at, text.length()).toString());
    }
    for (int found = text.indexOf(old); found >= 0 && left-- > 0; found = text.indexOf(old, at)) {
      budget.reserveText(out.length(), (long) found - at + replacement.length());
      out.append(text, at, found).append(replacement);
      at = found + old.length();
    }
    return budget.text(out.append(text, at, text.length()).toString());
  }

  String join(String separator, Iterator<Object> items) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; items.hasNext(); i++) {
      Object item = items.next();
      if (!(item instanceof String part)) {
        throw JinjaException.type(
            "sequence item " + i + ": expected str instance, " + Values.typeName(item) + " found");
      }
      budget.step();
      budget.reserveText(out.length(), (long) part.length() + separator.length());
      out.append(i == 0 ? "" : separator).append(part);
    }
    return out.toString();
  }

  private static long missing(String text, long width) {
    return Math.max(0, width - Values.length(text));
  }

  String pad(String text, long left, long right, String fill) {
    if (fill.codePointCount(0, fill.length()) != 1) {
      throw JinjaException.type("The fill character must be exactly one character long");
    }
    budget.reserveText(left + right + text.length());
    return fill.repeat((int) left) + text + fill.repeat((int) right);
  }

  private static boolean any(Arguments arguments, Predicate<String> test) {
    Object parts = arguments.required(0, "prefix");
    if (parts instanceof Values.Tuple tuple) {
      return tuple.stream().anyMatch(part -> part instanceof String text && test.test(text));
    }
    return test.test(arguments.text(0, "prefix", null));
  }

  private static long place(String text, int at) {
    return at < 0 ? -1 : text.codePointCount(0, at);
  }

  private static long found(long place) {
    if (place < 0) {
      throw JinjaException.value("substring not found");
    }
    return place;
  }

  private static long count(String text, String part) {
    if (part.isEmpty()) {
      return Values.length(text) + 1;
    }
    long count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  private static boolean all(String text, IntPredicate test) {
    return !text.isEmpty() && text.codePoints().allMatch(test);
  }

  private static boolean isOtherNumber(int type) {
    return type == Character.LETTER_NUMBER || type == Character.OTHER_NUMBER;
  }

  private static boolean hasCase(String text) {
    return text.codePoints()
        .anyMatch(
            c -> Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    String rest = text.substring(Character.charCount(first));
    return Character.toString(Character.toTitleCase(first)) + rest.toLowerCase(Locale.ROOT);
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }
    return out.toString();
  }

  private static String swapCase(String text) {
    List<String> out = new ArrayList<>();
    text.codePoints()
        .forEach(
            c -> {
              String one = Character.toString(c);
              out.add(
                  Character.isUpperCase(c)
                      ? one.toLowerCase(Locale.ROOT)
                      : one.toUpperCase(Locale.ROOT));
            });
    return String.join("", out);
  }
}

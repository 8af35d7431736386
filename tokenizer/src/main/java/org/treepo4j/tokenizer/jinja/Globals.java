package org.treepo4j.tokenizer.jinja;

import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The functions that every template has. */
final class Globals {
  /** The sandbox's bound on {@code range}. */
  private static final long MAX_RANGE = 100_000;

  private Globals() {}

  static Map<String, Object> create(Clock clock) {
    Map<String, Object> globals = new LinkedHashMap<>();
    globals.put("range", (Values.Function) Globals::range);
    globals.put("dict", (Values.Function) Globals::dict);
    globals.put("namespace", (Values.Function) Globals::namespace);
    globals.put("cycler", (Values.Function) arguments -> new Cycler(arguments.positional()));
    globals.put("joiner", (Values.Function) Globals::joiner);
    globals.put(
        "raise_exception",
        (Values.Function)
            arguments -> {
              throw new JinjaException(PythonText.str(arguments.required(0, "message")));
            });
    globals.put(
        "strftime_now",
        (Values.Function)
            arguments -> strftime(arguments.text(0, "format", null), LocalDateTime.now(clock)));
    return globals;
  }

  private static Object range(Arguments arguments) {
    boolean one = arguments.positional().size() == 1;
    long start = one ? 0 : arguments.integer(0, "start", 0);
    long stop = arguments.integer(one ? 0 : 1, "stop", 0);
    long step = one ? 1 : arguments.integer(2, "step", 1);
    if (step == 0) {
      throw JinjaException.value("range() arg 3 must not be zero");
    }
    double size = Math.ceil(((double) stop - start) / step);
    if (size > MAX_RANGE) {
      throw JinjaException.of(
          "OverflowError",
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + MAX_RANGE + ").");
    }
    return new Values.Range(start, step, (int) Math.max(0, size));
  }

  /** Pairs or a dict, and named values. */
  private static Map<Object, Object> dict(Arguments arguments) {
    Map<Object, Object> map = new LinkedHashMap<>();
    if (!arguments.positional().isEmpty()) {
      Object source = arguments.positional().get(0);
      if (source instanceof Map<?, ?> other) {
        map.putAll(other);
      } else {
        Values.iterate(source)
            .forEachRemaining(
                item -> {
                  if (!(item instanceof List<?> pair) || pair.size() != 2) {
                    throw JinjaException.value("dictionary update sequence needs pairs");
                  }
                  map.put(Attributes.key(pair.get(0)), pair.get(1));
                });
      }
    }
    map.putAll(arguments.named());
    return map;
  }

  private static Values.Namespace namespace(Arguments arguments) {
    Values.Namespace namespace = new Values.Namespace();
    dict(arguments).forEach((name, value) -> namespace.attributes.put(PythonText.str(name), value));
    return namespace;
  }

  private static Object joiner(Arguments arguments) {
    String separator = arguments.text(0, "sep", ", ");
    boolean[] used = {false};
    return (Values.Function)
        ignored -> {
          boolean first = !used[0];
          used[0] = true;
          return first ? "" : separator;
        };
  }

  /** {@code cycler('a', 'b')}. */
  static final class Cycler {
    private final List<Object> items;
    private int at;

    Cycler(List<Object> items) {
      if (items.isEmpty()) {
        throw JinjaException.type("at least one item has to be provided");
      }
      this.items = items;
    }

    Object attribute(String name) {
      return switch (name) {
        case "current" -> items.get(at);
        case "next" ->
            (Values.Function)
                arguments -> {
                  Object item = items.get(at);
                  at = (at + 1) % items.size();
                  return item;
                };
        case "reset" ->
            (Values.Function)
                arguments -> {
                  at = 0;
                  return null;
                };
        default -> null;
      };
    }
  }

  /** {@code datetime.strftime} in the C locale. */
  private static String strftime(String format, LocalDateTime now) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char code = format.charAt(++i);
      boolean unpadded = code == '-' && i + 1 < format.length();
      String text = field(unpadded ? format.charAt(++i) : code, now);
      out.append(unpadded ? text.replaceFirst("^[0 ]+(?=.)", "") : text);
    }
    return out.toString();
  }

  private static String field(char code, LocalDateTime now) {
    String pattern =
        switch (code) {
          case 'a' -> "EEE";
          case 'A' -> "EEEE";
          case 'b', 'h' -> "MMM";
          case 'B' -> "MMMM";
          case 'd' -> "dd";
          case 'e' -> "ppd";
          case 'm' -> "MM";
          case 'y' -> "yy";
          case 'Y' -> "yyyy";
          case 'H' -> "HH";
          case 'I' -> "hh";
          case 'M' -> "mm";
          case 'S' -> "ss";
          case 'f' -> "SSSSSS";
          case 'p' -> "a";
          case 'j' -> "DDD";
          case 'D', 'x' -> "MM/dd/yy";
          case 'F' -> "yyyy-MM-dd";
          case 'T', 'X' -> "HH:mm:ss";
          case 'R' -> "HH:mm";
          case 'c' -> "EEE MMM ppd HH:mm:ss yyyy";
          default -> "";
        };
    if (pattern.isEmpty()) {
      return switch (code) {
        case '%' -> "%";
        case 'n' -> "\n";
        case 't' -> "\t";
        case 'Z', 'z' -> "";
        case 'u' -> String.valueOf(now.getDayOfWeek().getValue());
        case 'w' -> String.valueOf(now.getDayOfWeek().getValue() % 7);
        default -> throw JinjaException.value("unsupported strftime code %" + code);
      };
    }
    return now.format(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH));
  }
}

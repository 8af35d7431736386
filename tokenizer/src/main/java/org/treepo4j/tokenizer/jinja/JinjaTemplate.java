package org.treepo4j.tokenizer.jinja;

import java.math.BigInteger;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A template, parsed. Immutable and safe for many threads. */
public final class JinjaTemplate {
  private static final int MAX_LENGTH = 4_000_000;

  private final List<Stmt> statements;

  private JinjaTemplate(List<Stmt> statements) {
    this.statements = statements;
  }

  /**
   * Reads a template.
   *
   * @throws JinjaException naming the line that cannot be read, or what is unsupported
   */
  public static JinjaTemplate parse(String source) {
    if (source.length() > MAX_LENGTH) {
      throw JinjaException.of("TemplateSyntaxError", "longer than " + MAX_LENGTH + " characters");
    }
    return new JinjaTemplate(TemplateParser.parse(source));
  }

  /**
   * The text that the template gives.
   *
   * @param variables null, Boolean, Number, String, List and Map with such values
   * @param limits what the rendering may spend
   * @param clock the time for {@code strftime_now}
   * @throws JinjaException when the template raises one, does what Python would not, or runs out of
   *     its limits
   */
  public String render(Map<String, ?> variables, RenderLimits limits, Clock clock) {
    Map<String, Object> names = new LinkedHashMap<>(Globals.create(clock));
    variables.forEach((name, value) -> names.put(name, value(value)));
    Budget budget = new Budget(limits);
    try {
      return new Renderer(budget).capture(statements, new Scope(names));
    } catch (StackOverflowError e) {
      throw JinjaException.of("RecursionError", "maximum recursion depth exceeded");
    }
  }

  /** The value with whole numbers as this package has them. */
  private static Object value(Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> copy = new LinkedHashMap<>();
      map.forEach((key, item) -> copy.put(value(key), value(item)));
      return copy;
    } else if (value instanceof List<?> list) {
      List<Object> copy = new ArrayList<>(list.size());
      list.forEach(item -> copy.add(value(item)));
      return copy;
    } else if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    } else if (value instanceof Float number) {
      return number.doubleValue();
    } else if (value == null
        || value instanceof String
        || value instanceof Boolean
        || value instanceof Long
        || value instanceof BigInteger
        || value instanceof Double) {
      return value;
    }
    throw new IllegalArgumentException(
        "variables must be JSON values, was " + value.getClass().getName());
  }
}

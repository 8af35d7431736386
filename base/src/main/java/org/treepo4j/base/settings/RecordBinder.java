package org.treepo4j.base.settings;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Turns a parsed settings tree into records, refusing whatever it does not understand by name. */
final class RecordBinder {
  private static final int SUGGESTION_DISTANCE = 4;

  private final String source;
  private final String override;
  private final Path folder;
  private final Set<String> overridden;

  /**
   * @param source stands before every message: the file and a colon, or empty
   * @param override stands there where the value is overridden
   * @param folder relative paths start here
   * @param overridden dotted keys that came from elsewhere than the file; paths in their values
   *     start at the working folder
   */
  RecordBinder(String source, String override, Path folder, Set<String> overridden) {
    this.source = source;
    this.override = override;
    this.folder = folder;
    this.overridden = overridden;
  }

  <R extends Record> R bind(JsonNode tree, Class<R> type) {
    return type.cast(record("", tree, type, defaults(type)));
  }

  private Object record(String path, JsonNode node, Class<?> type, Object defaults) {
    if (!(node instanceof ObjectNode object)) {
      throw wrong(path, "expected settings (" + listed(type) + "), was " + shown(node));
    }
    object
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!names(type).contains(name)) {
                throw wrong(join(path, name), "unknown setting; " + suggestion(name, type));
              }
            });
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      String inner = join(path, component.getName());
      Object fallback = defaults == null ? null : get(component, defaults);
      JsonNode value = object.get(component.getName());
      if (inline(component)) {
        ObjectNode own = object.deepCopy().retain(names(component.getType()));
        values[i] = record(path, own, component.getType(), fallback);
      } else if (value == null) {
        if (defaults == null || required(component)) {
          throw wrong(inner, "missing, expected " + expectation(component.getGenericType()));
        }
        values[i] = fallback;
      } else {
        values[i] = value(inner, value, component.getGenericType(), fallback);
        checkBounds(inner, component, values[i]);
      }
    }
    return construct(path, type, values);
  }

  /** Refuses numbers that are not finite, and those above what makes sense, also in lists. */
  private void checkBounds(String path, RecordComponent component, Object value) {
    if (value instanceof List<?> list) {
      list.forEach(item -> checkBounds(path, component, item));
    } else if (value instanceof Number number) {
      Setting setting = component.getAnnotation(Setting.class);
      double max = setting == null ? Double.POSITIVE_INFINITY : setting.max();
      double plain = number.doubleValue();
      if (!Double.isFinite(plain)) {
        throw wrong(path, "expected a finite number, was " + number);
      }
      if (Math.abs(plain) > max) {
        String most = max == Math.rint(max) ? String.valueOf((long) max) : String.valueOf(max);
        String bound = plain > 0 ? "expected at most " + most : "expected at least -" + most;
        throw wrong(path, bound + ", was " + number);
      }
    }
  }

  /** Whether the settings of a component stand beside those of the record it is in. */
  static boolean inline(RecordComponent component) {
    Setting setting = component.getAnnotation(Setting.class);
    return setting != null && setting.inline();
  }

  private static boolean required(RecordComponent component) {
    Setting setting = component.getAnnotation(Setting.class);
    return setting != null && setting.required();
  }

  private Object value(String path, JsonNode node, Type type, Object fallback) {
    if (node.isNull()) {
      if (fallback != null || type instanceof Class<?> c && c.isPrimitive()) {
        throw wrong(path, "expected " + expectation(type) + ", was nothing");
      }
      return null;
    }
    if (type instanceof ParameterizedType generic) {
      return generic.getRawType() == Map.class
          ? map(path, node, generic.getActualTypeArguments()[1])
          : list(path, node, generic.getActualTypeArguments()[0]);
    }
    Class<?> plain = (Class<?>) type;
    if (plain.isRecord()) {
      return record(path, node, plain, fallback == null ? defaults(plain) : fallback);
    }
    Object scalar = scalar(path, node, plain);
    if (scalar == null) {
      throw wrong(path, "expected " + expectation(type) + ", was " + shown(node));
    }
    return scalar;
  }

  private Object scalar(String path, JsonNode node, Class<?> type) {
    if (type == int.class || type == Integer.class) {
      return node.isIntegralNumber() && node.canConvertToInt() ? node.intValue() : null;
    }
    if (type == long.class || type == Long.class) {
      return node.isIntegralNumber() && node.canConvertToLong() ? node.longValue() : null;
    }
    if (type == double.class || type == Double.class) {
      return number(node);
    }
    if (type == boolean.class || type == Boolean.class) {
      return node.isBoolean() ? node.booleanValue() : null;
    }
    if (type == String.class) {
      return node.isValueNode() && !node.isBoolean() ? node.asText() : null;
    }
    if (type == Path.class) {
      return node.isTextual() ? path(path, node.textValue()) : null;
    }
    if (type.isEnum()) {
      String wanted = spelled(node.asText());
      return Arrays.stream(type.getEnumConstants())
          .filter(constant -> spelled(constant.toString()).equals(wanted))
          .findFirst()
          .orElse(null);
    }
    throw new IllegalStateException("settings of type " + type + " cannot be read: " + path);
  }

  /** YAML 1.1 reads 1e-3 as text, so numbers in text count too. */
  private static Double number(JsonNode node) {
    if (node.isNumber()) {
      return node.doubleValue();
    }
    try {
      return node.isTextual() ? Double.valueOf(node.textValue()) : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private Path path(String key, String text) {
    if (text.isBlank()) {
      throw wrong(key, "expected a path, was \"" + text + "\"");
    }
    try {
      Path path = Path.of(text);
      return path.isAbsolute() || isOverridden(key) ? path : folder.resolve(path).normalize();
    } catch (InvalidPathException e) {
      throw wrong(key, "expected a path, was \"" + text + "\"");
    }
  }

  /** Whether an override gave this value, or a list, map or section that it stands in. */
  private boolean isOverridden(String key) {
    return overridden.stream().anyMatch(given -> covers(given, key));
  }

  private static boolean covers(String outer, String key) {
    return key.startsWith(outer)
        && (key.length() == outer.length()
            || key.charAt(outer.length()) == '.'
            || key.charAt(outer.length()) == '[');
  }

  /**
   * What gave the value at a key that is wrong in itself: where it is a section, any part of it.
   */
  private String source(String key) {
    boolean given = overridden.stream().anyMatch(other -> covers(other, key) || covers(key, other));
    return given ? override : source;
  }

  /** What gave the settings of a record that do not go together: an override that is named. */
  private String source(String path, String message) {
    boolean given =
        overridden.stream()
            .filter(key -> key.startsWith(join(path, "")))
            .map(key -> key.substring(join(path, "").length()).split("[.\\[]")[0])
            .anyMatch(name -> message.matches("(?s)(.*\\W)?" + Pattern.quote(name) + "(\\W.*)?"));
    return given || isOverridden(path) ? override : source;
  }

  private List<Object> list(String path, JsonNode node, Type elementType) {
    List<Object> values = new ArrayList<>();
    if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        values.add(value(path + "[" + i + "]", node.get(i), elementType, null));
      }
    } else {
      values.add(value(path, node, elementType, null));
    }
    return List.copyOf(values);
  }

  private Map<String, Object> map(String path, JsonNode node, Type valueType) {
    if (!node.isObject()) {
      throw wrong(path, "expected key: value lines, was " + shown(node));
    }
    Map<String, Object> values = new LinkedHashMap<>();
    node.properties()
        .forEach(
            entry ->
                values.put(
                    entry.getKey(),
                    valueType == String.class && entry.getValue().isBoolean()
                        ? entry.getValue().asText() // what an option of any kind is
                        : value(join(path, entry.getKey()), entry.getValue(), valueType, null)));
    return values;
  }

  private Object construct(String path, Class<?> type, Object[] values) {
    try {
      Class<?>[] types =
          Arrays.stream(type.getRecordComponents())
              .map(RecordComponent::getType)
              .toArray(Class<?>[]::new);
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException
          || e.getCause() instanceof NullPointerException) {
        String message = e.getCause().getMessage();
        throw new SettingsException(source(path, message) + join(path, message));
      }
      throw new IllegalStateException("settings record " + type.getName(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("settings record " + type.getName(), e);
    }
  }

  /** The record's {@code defaults()}, or null where every component must be given. */
  static Object defaults(Class<?> type) {
    try {
      Method defaults = type.getMethod("defaults");
      defaults.setAccessible(true);
      return defaults.invoke(null);
    } catch (NoSuchMethodException e) {
      return null;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("defaults of " + type.getName(), e);
    }
  }

  static Object get(RecordComponent component, Object settings) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(settings);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("settings record " + settings.getClass().getName(), e);
    }
  }

  static String expectation(Type type) {
    if (type instanceof ParameterizedType generic) {
      return generic.getRawType() == Map.class
          ? "key: value lines"
          : "a list, each " + expectation(generic.getActualTypeArguments()[0]);
    }
    Class<?> plain = (Class<?>) type;
    if (plain.isEnum()) {
      return Arrays.stream(plain.getEnumConstants())
          .map(constant -> constant.toString().toLowerCase(Locale.ROOT))
          .collect(Collectors.joining(", ", "one of ", ""));
    }
    if (plain.isRecord()) {
      return "settings (" + listed(plain) + ")";
    }
    return switch (plain.getSimpleName()) {
      case "int", "Integer", "long", "Long" -> "a whole number";
      case "double", "Double" -> "a number";
      case "boolean", "Boolean" -> "true or false";
      case "Path" -> "a path";
      default -> "text";
    };
  }

  /** Keys that settings of this type may have. */
  private static List<String> names(Class<?> type) {
    List<String> names = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      if (inline(component)) {
        names.addAll(names(component.getType()));
      } else {
        names.add(component.getName());
      }
    }
    return names;
  }

  private static String listed(Class<?> type) {
    return String.join(", ", names(type));
  }

  private static String suggestion(String name, Class<?> type) {
    LevenshteinDistance distance = new LevenshteinDistance(SUGGESTION_DISTANCE);
    String nearest = null;
    int best = SUGGESTION_DISTANCE + 1;
    for (String known : names(type)) {
      int apart = distance.apply(name.toLowerCase(Locale.ROOT), known.toLowerCase(Locale.ROOT));
      if (apart >= 0 && apart < best) {
        best = apart;
        nearest = known;
      }
    }
    return nearest == null ? "known are " + listed(type) : "did you mean " + nearest + "?";
  }

  private static String spelled(String name) {
    return name.toLowerCase(Locale.ROOT).replace('-', '_');
  }

  private static String shown(JsonNode node) {
    String text = node.toString();
    return text.length() > 60 ? text.substring(0, 57) + "..." : text;
  }

  private SettingsException wrong(String path, String problem) {
    String key = path.isEmpty() ? "settings" : path;
    return new SettingsException(source(path) + key + ": " + problem);
  }

  private static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }
}

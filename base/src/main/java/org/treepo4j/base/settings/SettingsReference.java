package org.treepo4j.base.settings;

import java.lang.reflect.RecordComponent;
import java.util.Objects;

/** The settings of a record as a table for {@code docs/settings.md}. */
public final class SettingsReference {
  private SettingsReference() {}

  /**
   * A Markdown table with a row per setting: dotted key, default, meaning.
   *
   * @throws IllegalStateException when a setting is not explained by {@link Setting}
   */
  public static String markdown(Class<? extends Record> type) {
    StringBuilder text = new StringBuilder("| setting | default | meaning |\n|---|---|---|\n");
    rows(text, "", type, RecordBinder.defaults(type));
    return text.toString();
  }

  private static void rows(StringBuilder text, String prefix, Class<?> type, Object defaults) {
    for (RecordComponent component : type.getRecordComponents()) {
      String key = prefix + component.getName();
      Setting setting = component.getAnnotation(Setting.class);
      if (setting == null) {
        throw new IllegalStateException(type.getName() + " does not explain " + key);
      }
      Object value = defaults == null ? null : RecordBinder.get(component, defaults);
      Class<?> inner = component.getType();
      if (inner.isRecord()) {
        Object innerDefaults = value == null ? RecordBinder.defaults(inner) : value;
        if (RecordBinder.inline(component)) {
          rows(text, prefix, inner, innerDefaults);
          continue;
        }
        text.append(
            "| **`%s`** | %s | %s |\n"
                .formatted(key, value == null ? "none" : "", escaped(setting.value())));
        rows(text, key + ".", inner, innerDefaults);
      } else {
        text.append(
            "| `%s` | %s | %s%s%s |\n"
                .formatted(
                    key,
                    setting.required() ? "required" : value == null ? "" : "`" + shown(value) + "`",
                    escaped(setting.value()),
                    inner.isEnum() ? " (" + RecordBinder.expectation(inner) + ")" : "",
                    setting.mayChange() ? " ↻" : ""));
      }
    }
  }

  private static String escaped(String text) {
    return text.replace("|", "\\|");
  }

  private static String shown(Object value) {
    return Objects.toString(SettingsWriter.plain(value));
  }
}

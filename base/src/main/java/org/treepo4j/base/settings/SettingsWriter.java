package org.treepo4j.base.settings;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes settings records as YAML that {@link SettingsReader} reads back as the same records. */
public final class SettingsWriter {
  private static final ObjectMapper YAML =
      new ObjectMapper(
          new YAMLFactory()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS));

  private SettingsWriter() {}

  /** Every setting with its value; paths are absolute, so the text means the same anywhere. */
  public static String yaml(Record settings) {
    try {
      return YAML.writeValueAsString(plain(settings));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Maps, lists and scalars only. */
  static Object plain(Object value) {
    if (value instanceof Record record) {
      Map<String, Object> map = new LinkedHashMap<>();
      for (RecordComponent component : record.getClass().getRecordComponents()) {
        Object inner = RecordBinder.get(component, record);
        if (inner != null && RecordBinder.inline(component)) {
          ((Map<?, ?>) plain(inner)).forEach((key, held) -> map.put((String) key, held));
        } else if (inner != null) {
          map.put(component.getName(), plain(inner));
        }
      }
      return map;
    }
    if (value instanceof Path path) {
      return path.toAbsolutePath().normalize().toString();
    }
    if (value instanceof Enum<?> constant) {
      return constant.toString().toLowerCase(Locale.ROOT);
    }
    if (value instanceof List<?> list) {
      return list.stream().map(SettingsWriter::plain).toList();
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> inner = new LinkedHashMap<>();
      map.forEach((key, held) -> inner.put((String) key, plain(held)));
      return inner;
    }
    return value;
  }
}

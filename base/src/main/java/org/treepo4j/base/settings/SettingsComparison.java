package org.treepo4j.base.settings;

import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** What separates the settings that a resumed run is given from those it began with. */
public final class SettingsComparison {
  private SettingsComparison() {}

  /**
   * The settings that must not change within a run ({@link Setting#mayChange}) and did, each as
   * {@code key was OLD, is NEW}. A file or folder that is no longer where it was may be at another
   * place, under the same name.
   *
   * @param before as the run began
   * @param now of the same type
   */
  public static List<String> changes(Record before, Record now) {
    return changes(before, now, false);
  }

  /**
   * As {@link #changes(Record, Record)}.
   *
   * @param anywhere whether folders may be at any place, and files under their names, since their
   *     contents are compared
   */
  public static List<String> changes(Record before, Record now, boolean anywhere) {
    List<String> changes = new ArrayList<>();
    compare("", before, now, anywhere, changes);
    return changes;
  }

  /**
   * The settings that must not change within a run, as maps, lists, texts and numbers by dotted
   * key; those without a value are left out.
   */
  public static Map<String, Object> fixed(Record settings) {
    Map<String, Object> values = new LinkedHashMap<>();
    collect("", settings, values);
    return values;
  }

  /**
   * The files and folders that settings name, by dotted key, those in a list with their number;
   * those that may change within a run are left out.
   */
  public static Map<String, Path> paths(Record settings) {
    Map<String, Path> paths = new LinkedHashMap<>();
    collectPaths("", settings, paths);
    return paths;
  }

  private static void collectPaths(String prefix, Record settings, Map<String, Path> paths) {
    for (RecordComponent component : settings.getClass().getRecordComponents()) {
      Setting setting = component.getAnnotation(Setting.class);
      Object value = RecordBinder.get(component, settings);
      String key = prefix + component.getName();
      if (setting != null && setting.mayChange()) {
        continue;
      }
      if (value instanceof Path path) {
        paths.put(key, path);
      } else if (value instanceof List<?> list) {
        for (int i = 0; i < list.size(); i++) {
          if (list.get(i) instanceof Path path) {
            paths.put(key + "[" + i + "]", path);
          }
        }
      } else if (value instanceof Record inner) {
        collectPaths(RecordBinder.inline(component) ? prefix : key + ".", inner, paths);
      }
    }
  }

  private static void collect(String prefix, Record settings, Map<String, Object> values) {
    for (RecordComponent component : settings.getClass().getRecordComponents()) {
      Setting setting = component.getAnnotation(Setting.class);
      Object value = RecordBinder.get(component, settings);
      if (value == null || setting != null && setting.mayChange()) {
        continue;
      }
      String key = prefix + component.getName();
      if (value instanceof Record inner) {
        collect(RecordBinder.inline(component) ? prefix : key + ".", inner, values);
      } else {
        values.put(key, SettingsWriter.plain(value));
      }
    }
  }

  private static void compare(
      String prefix, Record before, Record now, boolean anywhere, List<String> changes) {
    for (RecordComponent component : before.getClass().getRecordComponents()) {
      Setting setting = component.getAnnotation(Setting.class);
      if (setting != null && setting.mayChange()) {
        continue;
      }
      String key = prefix + component.getName();
      Object old = RecordBinder.get(component, before);
      Object given = RecordBinder.get(component, now);
      if (old instanceof Record oldInner && given instanceof Record givenInner) {
        compare(
            RecordBinder.inline(component) ? prefix : key + ".",
            oldInner,
            givenInner,
            anywhere,
            changes);
      } else if (!same(old, given, anywhere)) {
        changes.add("%s was %s, is %s".formatted(key, shown(old), shown(given)));
      }
    }
  }

  private static boolean same(Object old, Object given, boolean anywhere) {
    if (old instanceof Path before && given instanceof Path now) {
      boolean moved = anywhere && (Files.isDirectory(now) || sameName(before, now));
      return moved
          || absolute(before).equals(absolute(now))
          || (!Files.exists(before) && sameName(before, now));
    }
    if (old instanceof List<?> before && given instanceof List<?> now) {
      return before.size() == now.size()
          && IntStream.range(0, now.size())
              .allMatch(i -> same(before.get(i), now.get(i), anywhere));
    }
    return Objects.equals(old, given);
  }

  private static boolean sameName(Path before, Path now) {
    return Objects.equals(before.getFileName(), now.getFileName());
  }

  private static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }

  private static String shown(Object value) {
    return Objects.toString(SettingsWriter.plain(value));
  }
}

package org.treepo4j.base.settings;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Settings put together by a program: the keys of {@code docs/settings.md} with Java values, held
 * against the same rules as a settings file.
 *
 * <pre>{@code
 * TrainSettings settings =
 *     Settings.of(TrainSettings.class)
 *         .set("model", Path.of("model"))
 *         .set("output", Path.of("runs/mine"))
 *         .set("rollout.maxWidth", 8)
 *         .build();
 * }</pre>
 *
 * @param <R> the record they make
 */
public final class Settings<R extends Record> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Class<R> type;
  private final ObjectNode tree;
  private final Set<String> keys = new HashSet<>();

  private Settings(Class<R> type, ObjectNode tree) {
    this.type = type;
    this.tree = tree;
  }

  /** All at their defaults. */
  public static <R extends Record> Settings<R> of(Class<R> type) {
    return new Settings<>(type, JSON.createObjectNode());
  }

  /** Those of a record, to be changed; the record itself stays as it is. */
  @SuppressWarnings("unchecked") // the class of a record of type R
  public static <R extends Record> Settings<R> of(R record) {
    return new Settings<>(
        (Class<R>) record.getClass(), JSON.valueToTree(SettingsWriter.plain(record)));
  }

  /**
   * Sets one of them.
   *
   * @param key dotted, {@code rollout.maxWidth}
   * @param value a number, text, boolean, enum constant, path, settings record, or list of these
   */
  public Settings<R> set(String key, Object value) {
    SettingsReader.put(tree, key, JSON.valueToTree(SettingsWriter.plain(value)), key + ": ");
    keys.add(key);
    return this;
  }

  /**
   * The record.
   *
   * @throws SettingsException for an unknown key, a value of another type, or one that is refused;
   *     the message names the key
   */
  public R build() {
    return new RecordBinder("", "", Path.of(""), keys).bind(tree, type);
  }
}

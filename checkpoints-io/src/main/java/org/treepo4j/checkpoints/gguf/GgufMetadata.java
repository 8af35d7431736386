package org.treepo4j.checkpoints.gguf;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.CheckpointException;

/** The metadata of a GGUF file by key, with complaints that name file and key. */
public final class GgufMetadata {
  private final Path file;
  private final Map<String, GgufValue> values;

  GgufMetadata(Path file, Map<String, GgufValue> values) {
    this.file = file;
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** All values, in the order of the file. */
  public Map<String, GgufValue> values() {
    return values;
  }

  public boolean has(String key) {
    return values.containsKey(key);
  }

  /**
   * A string.
   *
   * @throws CheckpointException when it is missing or something else
   */
  public String text(String key) throws CheckpointException {
    GgufValue value = require(key);
    if (value.array() || value.type() != GgufValue.Type.STRING) {
      throw wrong(key, value, "a string");
    }
    return (String) value.value();
  }

  /** A string, or {@code absent} where there is no such key. */
  public String text(String key, String absent) throws CheckpointException {
    return has(key) ? text(key) : absent;
  }

  /** A truth value, or {@code absent} where there is no such key. */
  public boolean flag(String key, boolean absent) throws CheckpointException {
    if (!has(key)) {
      return absent;
    }
    GgufValue value = require(key);
    if (value.array() || value.type() != GgufValue.Type.BOOL) {
      throw wrong(key, value, "true or false");
    }
    return (Boolean) value.value();
  }

  /**
   * A number of any type.
   *
   * @throws CheckpointException when it is missing, something else or not finite
   */
  public double number(String key) throws CheckpointException {
    GgufValue value = require(key);
    if (value.array() || !(value.type().isFloat() || value.type().isInteger())) {
      throw wrong(key, value, "a number");
    }
    double number = ((Number) value.value()).doubleValue();
    if (!Double.isFinite(number)) {
      throw refused(key + " is " + number);
    }
    return number;
  }

  /** A number, or {@code absent} where there is no such key. */
  public double number(String key, double absent) throws CheckpointException {
    return has(key) ? number(key) : absent;
  }

  /**
   * An integer of at least 1 that fits an {@code int}.
   *
   * @throws CheckpointException when it is missing or something else
   */
  public int positiveInt(String key) throws CheckpointException {
    long value = integer(key);
    if (value < 1 || value > Integer.MAX_VALUE) {
      throw refused("%s must be from 1 to %d, was %d".formatted(key, Integer.MAX_VALUE, value));
    }
    return (int) value;
  }

  /** As {@link #positiveInt(String)}, or {@code absent} where there is no such key. */
  public int positiveInt(String key, int absent) throws CheckpointException {
    return has(key) ? positiveInt(key) : absent;
  }

  /**
   * An integer of any type.
   *
   * @throws CheckpointException when it is missing or something else
   */
  public long integer(String key) throws CheckpointException {
    GgufValue value = require(key);
    if (value.array() || !value.type().isInteger()) {
      throw wrong(key, value, "an integer");
    }
    long integer = (Long) value.value();
    if (value.type() == GgufValue.Type.U64 && integer < 0) {
      throw refused(key + " is " + Long.toUnsignedString(integer) + ", which is too large");
    }
    return integer;
  }

  /**
   * An array of strings; empty where there is no such key.
   *
   * @throws CheckpointException when it is something else
   */
  public Optional<List<String>> texts(String key) throws CheckpointException {
    Optional<Object> array = array(key, "an array of strings");
    if (array.isPresent() && !(array.get() instanceof String[])) {
      throw wrong(key, require(key), "an array of strings");
    }
    return array.map(strings -> List.of((String[]) strings));
  }

  /**
   * An array of integers; empty where there is no such key.
   *
   * @throws CheckpointException when it is something else
   */
  public Optional<long[]> integers(String key) throws CheckpointException {
    Optional<Object> array = array(key, "an array of integers");
    if (array.isPresent() && !(array.get() instanceof long[])) {
      throw wrong(key, require(key), "an array of integers");
    }
    return array.map(integers -> ((long[]) integers).clone());
  }

  /**
   * An array of floating point numbers; empty where there is no such key.
   *
   * @throws CheckpointException when it is something else
   */
  public Optional<double[]> numbers(String key) throws CheckpointException {
    Optional<Object> array = array(key, "an array of numbers");
    if (array.isPresent() && !(array.get() instanceof double[])) {
      throw wrong(key, require(key), "an array of numbers");
    }
    return array.map(numbers -> ((double[]) numbers).clone());
  }

  /**
   * An array of truth values; empty where there is no such key, or a value that is no array.
   *
   * @throws CheckpointException when it is an array of something else
   */
  Optional<boolean[]> flags(String key) throws CheckpointException {
    GgufValue value = values.get(key);
    if (value == null || !value.array()) {
      return Optional.empty();
    }
    if (!(value.value() instanceof boolean[] flags)) {
      throw wrong(key, value, "an array of truth values or a number");
    }
    return Optional.of(flags.clone());
  }

  private Optional<Object> array(String key, String expected) throws CheckpointException {
    GgufValue value = values.get(key);
    if (value != null && !value.array()) {
      throw wrong(key, value, expected);
    }
    return Optional.ofNullable(value).map(GgufValue::value);
  }

  private GgufValue require(String key) throws CheckpointException {
    GgufValue value = values.get(key);
    if (value == null) {
      throw refused(key + " is missing");
    }
    return value;
  }

  private CheckpointException wrong(String key, GgufValue value, String expected) {
    String shown = value.array() ? "" : " " + quoted(value.value().toString());
    return refused("%s is %s%s, expected %s".formatted(key, value.kind(), shown, expected));
  }

  CheckpointException refused(String problem) {
    return new CheckpointException(file, problem);
  }
}

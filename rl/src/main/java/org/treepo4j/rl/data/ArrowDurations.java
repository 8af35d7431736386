package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;

/**
 * Durations in a file that Arrow has written. Parquet has no such type, so they are plain numbers
 * there, and their unit stands only in the schema that Arrow keeps beside, in its own form.
 *
 * @see <a href="https://github.com/apache/arrow/blob/main/format/Schema.fbs">the schema's form</a>
 */
final class ArrowDurations {
  private static final String KEY = "ARROW:schema";
  private static final int CONTINUED = -1;
  private static final int MAX_DEPTH = 50;
  private static final int MAX_FIELDS = 100_000;
  private static final int MAX_NAME = 1 << 12;

  // Numbers of types in the union Type.
  private static final int MAP = 17;
  private static final int DURATION = 18;

  // Places of fields in the tables Message, Schema, Field and Duration.
  private static final int MESSAGE_HEADER = 2;
  private static final int SCHEMA_FIELDS = 1;
  private static final int FIELD_NAME = 0;
  private static final int FIELD_TYPE_NUMBER = 2;
  private static final int FIELD_TYPE = 3;
  private static final int FIELD_CHILDREN = 5;
  private static final int DURATION_UNIT = 0;

  private static final List<ChronoUnit> UNITS =
      List.of(ChronoUnit.SECONDS, ChronoUnit.MILLIS, ChronoUnit.MICROS, ChronoUnit.NANOS);

  /** Without a unit in the schema durations count milliseconds. */
  private static final short USUAL_UNIT = 1;

  private final List<Field> fields;

  /** A field that is a duration or has some in it; {@code unit} is null for the latter. */
  private record Field(String name, boolean map, ChronoUnit unit, List<Field> children) {}

  private ArrowDurations(List<Field> fields) {
    this.fields = fields;
  }

  /** Those that a footer tells of; none where no schema of Arrow's is in it that can be read. */
  static ArrowDurations of(FileMetaData footer) {
    if (footer.isSetKey_value_metadata()) {
      for (KeyValue entry : footer.getKey_value_metadata()) {
        if (KEY.equals(entry.getKey()) && entry.isSetValue()) {
          try {
            byte[] message = Base64.getDecoder().decode(entry.getValue());
            return new ArrowDurations(new Schema(message).durations());
          } catch (RuntimeException e) { // whatever broken bytes lead to
            return new ArrowDurations(List.of());
          }
        }
      }
    }
    return new ArrowDurations(List.of());
  }

  /** Writes the durations of a row as ISO 8601 does: PT1.5S. */
  void spellOut(ObjectNode row) {
    spellOut(row, fields);
  }

  private static void spellOut(ObjectNode object, List<Field> fields) {
    for (Field field : fields) {
      JsonNode value = object.get(field.name());
      if (value != null) {
        object.set(field.name(), spelled(value, field));
      }
    }
  }

  private static JsonNode spelled(JsonNode value, Field field) {
    if (field.unit() != null) {
      return value.isIntegralNumber()
          ? JsonNodeFactory.instance.textNode(
              Duration.of(value.longValue(), field.unit()).toString())
          : value;
    }
    if (value instanceof ArrayNode list) {
      for (int i = 0; i < list.size(); i++) {
        list.set(i, spelled(list.get(i), field.children().get(0)));
      }
    } else if (value instanceof ObjectNode map && field.map()) {
      for (Field of : field.children().get(0).children()) {
        if (of.name().equals("value")) {
          map.properties().forEach(entry -> entry.setValue(spelled(entry.getValue(), of)));
        }
      }
    } else if (value instanceof ObjectNode object) {
      spellOut(object, field.children());
    }
    return value;
  }

  /** An encapsulated message whose header is a schema, in the layout of FlatBuffers. */
  private static final class Schema {
    private final ByteBuffer bytes;
    private int seen;

    Schema(byte[] message) {
      ByteBuffer all = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
      int prefix = all.getInt(0) == CONTINUED ? 2 * Integer.BYTES : Integer.BYTES;
      this.bytes = all.position(prefix).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    List<Field> durations() {
      int message = target(0);
      int header = place(message, MESSAGE_HEADER);
      return header == 0 ? List.of() : fields(place(target(header), SCHEMA_FIELDS), 0);
    }

    /** Fields of a list that are durations or have some in them. */
    private List<Field> fields(int place, int depth) {
      List<Field> fields = new ArrayList<>();
      if (place == 0 || depth > MAX_DEPTH) {
        return fields;
      }
      int list = target(place);
      for (int i = 0; i < bytes.getInt(list); i++) {
        if (++seen > MAX_FIELDS) {
          throw new IndexOutOfBoundsException("a schema without end");
        }
        Field field = field(target(list + Integer.BYTES * (i + 1)), depth);
        if (field.unit() != null || !field.children().isEmpty()) {
          fields.add(field);
        }
      }
      return fields;
    }

    private Field field(int table, int depth) {
      int number = place(table, FIELD_TYPE_NUMBER);
      int type = number == 0 ? 0 : bytes.get(number);
      ChronoUnit unit = null;
      if (type == DURATION && place(table, FIELD_TYPE) != 0) {
        int given = place(target(place(table, FIELD_TYPE)), DURATION_UNIT);
        unit = UNITS.get(given == 0 ? USUAL_UNIT : bytes.getShort(given));
      }
      List<Field> children = fields(place(table, FIELD_CHILDREN), depth + 1);
      return new Field(text(place(table, FIELD_NAME)), type == MAP, unit, children);
    }

    private String text(int place) {
      if (place == 0) {
        return "";
      }
      int start = target(place);
      int length = bytes.getInt(start);
      if (length > MAX_NAME) {
        throw new IndexOutOfBoundsException("a name of " + length + " bytes");
      }
      byte[] utf8 = new byte[length];
      bytes.get(start + Integer.BYTES, utf8);
      return new String(utf8, StandardCharsets.UTF_8);
    }

    /** Where a table has a field; 0 where it has none. */
    private int place(int table, int field) {
      int layout = table - bytes.getInt(table);
      int entry = Short.BYTES * (field + 2);
      int offset = entry < bytes.getShort(layout) ? bytes.getShort(layout + entry) : 0;
      return offset == 0 ? 0 : table + offset;
    }

    private int target(int place) {
      return place + bytes.getInt(place);
    }
  }
}

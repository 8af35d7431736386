package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapLogicalTypeAnnotation;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;

/**
 * Assembled Parquet records as JSON: lists are arrays, groups and maps objects, absent values are
 * absent; single values are those of {@link ParquetValues}.
 */
final class ParquetRecords {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private ParquetRecords() {}

  static ObjectNode object(Group group, GroupType type) {
    ObjectNode object = JSON.objectNode();
    for (int field = 0; field < type.getFieldCount(); field++) {
      Type fieldType = type.getType(field);
      int count = group.getFieldRepetitionCount(field);
      if (fieldType.isRepetition(Repetition.REPEATED)) {
        ArrayNode array = object.putArray(fieldType.getName());
        for (int i = 0; i < count; i++) {
          array.add(value(group, fieldType, field, i));
        }
      } else if (count > 0) {
        object.set(fieldType.getName(), value(group, fieldType, field, 0));
      }
    }
    return object;
  }

  private static JsonNode value(Group group, Type type, int field, int index) {
    if (type.isPrimitive()) {
      return ParquetValues.json(group, type.asPrimitiveType(), field, index);
    }
    Group inner = group.getGroup(field, index);
    GroupType innerType = type.asGroupType();
    if (type.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation) {
      return list(inner, innerType);
    }
    return type.getLogicalTypeAnnotation() instanceof MapLogicalTypeAnnotation
        ? map(inner, innerType)
        : object(inner, innerType);
  }

  /** A list is a group with one repeated group of one element (or, in old files, the element). */
  private static ArrayNode list(Group list, GroupType type) {
    ArrayNode array = JSON.arrayNode();
    Type repeated = type.getType(0);
    boolean wrapped =
        !repeated.isPrimitive()
            && repeated.asGroupType().getFieldCount() == 1
            && !repeated.getName().equals("array");
    for (int i = 0; i < list.getFieldRepetitionCount(0); i++) {
      if (!wrapped) {
        array.add(value(list, repeated, 0, i));
        continue;
      }
      Group element = list.getGroup(0, i);
      boolean present = element.getFieldRepetitionCount(0) > 0;
      array.add(
          present ? value(element, repeated.asGroupType().getType(0), 0, 0) : JSON.nullNode());
    }
    return array;
  }

  /** A map is a group with one repeated group of a key and, unless it is a set, a value. */
  private static JsonNode map(Group map, GroupType type) {
    ObjectNode object = JSON.objectNode();
    GroupType entryType = type.getType(0).asGroupType();
    for (int i = 0; i < map.getFieldRepetitionCount(0); i++) {
      Group entry = map.getGroup(0, i);
      JsonNode key = value(entry, entryType.getType(0), 0, 0);
      boolean present = entryType.getFieldCount() > 1 && entry.getFieldRepetitionCount(1) > 0;
      String name = key.isTextual() ? key.textValue() : key.toString();
      JsonNode value = present ? value(entry, entryType.getType(1), 1, 0) : JSON.nullNode();
      if (object.replace(name, value) != null) {
        return JSON.pojoNode("it holds a map with the key " + name + " twice");
      }
    }
    return object;
  }
}

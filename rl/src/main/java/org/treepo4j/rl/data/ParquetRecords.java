package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;

/**
 * Assembled Parquet records as JSON: lists are arrays, groups objects, absent values are absent.
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
    if (!type.isPrimitive()) {
      Group inner = group.getGroup(field, index);
      boolean list =
          type.getLogicalTypeAnnotation()
              instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation;
      return list ? list(inner, type.asGroupType()) : object(inner, type.asGroupType());
    }
    return switch (type.asPrimitiveType().getPrimitiveTypeName()) {
      case INT32 -> JSON.numberNode(group.getInteger(field, index));
      case INT64 -> JSON.numberNode(group.getLong(field, index));
      case FLOAT -> JSON.numberNode(group.getFloat(field, index));
      case DOUBLE -> JSON.numberNode(group.getDouble(field, index));
      case BOOLEAN -> JSON.booleanNode(group.getBoolean(field, index));
      default -> JSON.textNode(group.getBinary(field, index).toStringUsingUTF8());
    };
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
}

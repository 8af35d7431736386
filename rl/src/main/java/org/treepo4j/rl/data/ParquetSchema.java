package org.treepo4j.rl.data;

import java.util.List;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;

/** The footer's flat list of schema elements as a tree, with the annotations that rows need. */
final class ParquetSchema {
  private static final int MAX_DEPTH = 50;

  private final List<SchemaElement> elements;
  private int next;

  private ParquetSchema(List<SchemaElement> elements) {
    this.elements = elements;
  }

  static MessageType of(List<SchemaElement> elements) {
    ParquetSchema schema = new ParquetSchema(elements);
    SchemaElement root = schema.take();
    Type[] fields = schema.fields(root.getNum_children(), 0);
    return new MessageType(root.getName(), fields);
  }

  private Type[] fields(int count, int depth) {
    if (count < 0 || count > elements.size() || depth > MAX_DEPTH) {
      throw new IllegalArgumentException("schema is broken");
    }
    Type[] fields = new Type[count];
    for (int i = 0; i < count; i++) {
      fields[i] = field(depth);
    }
    return fields;
  }

  private Type field(int depth) {
    SchemaElement element = take();
    Repetition repetition = repetition(element.getRepetition_type());
    if (element.isSetNum_children()) {
      Type[] fields = fields(element.getNum_children(), depth + 1);
      return Types.buildGroup(repetition)
          .as(annotation(element))
          .addFields(fields)
          .named(element.getName());
    }
    return Types.primitive(primitive(element), repetition)
        .length(element.getType_length())
        .as(annotation(element))
        .named(element.getName());
  }

  /** The library's names are the format's but for one. */
  private static PrimitiveTypeName primitive(SchemaElement element) {
    return switch (element.getType()) {
      case BYTE_ARRAY -> PrimitiveTypeName.BINARY;
      default -> PrimitiveTypeName.valueOf(element.getType().name());
    };
  }

  private static Repetition repetition(FieldRepetitionType type) {
    return Repetition.valueOf(type.name());
  }

  private static LogicalTypeAnnotation annotation(SchemaElement element) {
    LogicalType logical = element.getLogicalType();
    ConvertedType converted = element.getConverted_type();
    if (converted == ConvertedType.LIST || (logical != null && logical.isSetLIST())) {
      return LogicalTypeAnnotation.listType();
    }
    if (converted == ConvertedType.UTF8 || (logical != null && logical.isSetSTRING())) {
      return LogicalTypeAnnotation.stringType();
    }
    if (converted == ConvertedType.DECIMAL) {
      return LogicalTypeAnnotation.decimalType(element.getScale(), element.getPrecision());
    }
    return null;
  }

  private SchemaElement take() {
    if (next >= elements.size()) {
      throw new IllegalArgumentException("schema is broken");
    }
    return elements.get(next++);
  }
}

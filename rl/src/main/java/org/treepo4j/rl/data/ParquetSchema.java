package org.treepo4j.rl.data;

import java.util.List;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.DecimalType;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.TimeUnit;
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
    PrimitiveTypeName type = primitive(element);
    try {
      return Types.primitive(type, repetition)
          .length(element.getType_length())
          .as(annotation(element))
          .named(element.getName());
    } catch (IllegalArgumentException | IllegalStateException e) {
      // An annotation that its storage does not allow; the column may be one that nobody reads.
      return Types.primitive(type, repetition)
          .length(element.getType_length())
          .named(element.getName());
    }
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
    if (converted == ConvertedType.MAP
        || converted == ConvertedType.MAP_KEY_VALUE && !isRepeated(element)
        || (logical != null && logical.isSetMAP())) {
      return LogicalTypeAnnotation.mapType();
    }
    return logical != null ? ofLogical(logical) : ofConverted(converted, element);
  }

  /** Old writers put the annotation of a map on its entries as well. */
  private static boolean isRepeated(SchemaElement element) {
    return element.getRepetition_type() == FieldRepetitionType.REPEATED;
  }

  /** What files of format 2.4 and later say. */
  private static LogicalTypeAnnotation ofLogical(LogicalType type) {
    if (type.isSetDECIMAL()) {
      DecimalType decimal = type.getDECIMAL();
      return LogicalTypeAnnotation.decimalType(decimal.getScale(), decimal.getPrecision());
    }
    if (type.isSetINTEGER()) {
      return LogicalTypeAnnotation.intType(
          type.getINTEGER().getBitWidth(), type.getINTEGER().isIsSigned());
    }
    if (type.isSetDATE()) {
      return LogicalTypeAnnotation.dateType();
    }
    if (type.isSetTIME()) {
      return LogicalTypeAnnotation.timeType(
          type.getTIME().isIsAdjustedToUTC(), unit(type.getTIME().getUnit()));
    }
    if (type.isSetTIMESTAMP()) {
      return LogicalTypeAnnotation.timestampType(
          type.getTIMESTAMP().isIsAdjustedToUTC(), unit(type.getTIMESTAMP().getUnit()));
    }
    if (type.isSetFLOAT16()) {
      return LogicalTypeAnnotation.float16Type();
    }
    return type.isSetUUID() ? LogicalTypeAnnotation.uuidType() : null;
  }

  private static LogicalTypeAnnotation.TimeUnit unit(TimeUnit unit) {
    if (unit.isSetMILLIS()) {
      return LogicalTypeAnnotation.TimeUnit.MILLIS;
    }
    return unit.isSetMICROS()
        ? LogicalTypeAnnotation.TimeUnit.MICROS
        : LogicalTypeAnnotation.TimeUnit.NANOS;
  }

  /** What older files say, and the one type that newer files still say so. */
  private static LogicalTypeAnnotation ofConverted(ConvertedType type, SchemaElement element) {
    if (type == null) {
      return null;
    }
    return switch (type) {
      case DECIMAL -> LogicalTypeAnnotation.decimalType(element.getScale(), element.getPrecision());
      case DATE -> LogicalTypeAnnotation.dateType();
      case TIME_MILLIS ->
          LogicalTypeAnnotation.timeType(true, LogicalTypeAnnotation.TimeUnit.MILLIS);
      case TIME_MICROS ->
          LogicalTypeAnnotation.timeType(true, LogicalTypeAnnotation.TimeUnit.MICROS);
      case TIMESTAMP_MILLIS ->
          LogicalTypeAnnotation.timestampType(true, LogicalTypeAnnotation.TimeUnit.MILLIS);
      case TIMESTAMP_MICROS ->
          LogicalTypeAnnotation.timestampType(true, LogicalTypeAnnotation.TimeUnit.MICROS);
      case UINT_8 -> LogicalTypeAnnotation.intType(8, false);
      case UINT_16 -> LogicalTypeAnnotation.intType(16, false);
      case UINT_32 -> LogicalTypeAnnotation.intType(32, false);
      case UINT_64 -> LogicalTypeAnnotation.intType(64, false);
      case INTERVAL -> LogicalTypeAnnotation.IntervalLogicalTypeAnnotation.getInstance();
      default -> null;
    };
  }

  private SchemaElement take() {
    if (next >= elements.size()) {
      throw new IllegalArgumentException("schema is broken");
    }
    return elements.get(next++);
  }
}

package io.akkord.model.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/**
 * Reads a Parquet file whose columns are the keys of {@link RowReader}. A null is a key that is not
 * there, as columns are in every row.
 */
final class ParquetRows {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private ParquetRows() {}

  static void read(Path file, Consumer<Demonstration> consumer) {
    RowReader rows = new RowReader(file, "row");
    int number = 0;
    try (ParquetFileReader reader = open(file)) {
      MessageType schema = reader.getFileMetaData().getSchema();
      for (PageReadStore group = reader.readNextRowGroup();
          group != null;
          group = reader.readNextRowGroup()) {
        RecordReader<Group> records =
            new ColumnIOFactory()
                .getColumnIO(schema)
                .getRecordReader(group, new GroupRecordConverter(schema));
        for (long i = 0; i < group.getRowCount(); i++) {
          consumer.accept(rows.row(++number, object(records.read())));
        }
      }
    } catch (UserError e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new UserError(
          "%s is no whole Parquet file that can be read, behind row %d: %s"
              .formatted(file, number, e.getMessage()),
          e);
    }
    if (number == 0) {
      throw new UserError(file + " holds no row");
    }
  }

  private static ParquetFileReader open(Path file) throws IOException {
    ParquetReadOptions options =
        ParquetReadOptions.builder(new PlainParquetConfiguration())
            .withCodecFactory(new ParquetCodecs())
            .build();
    return ParquetFileReader.open(new LocalInputFile(file), options);
  }

  private static ObjectNode object(Group group) {
    ObjectNode node = JSON.objectNode();
    GroupType type = group.getType();
    for (int field = 0; field < type.getFieldCount(); field++) {
      Type of = type.getType(field);
      if (of.isRepetition(Type.Repetition.REPEATED)) {
        ArrayNode all = node.putArray(of.getName());
        for (int i = 0; i < group.getFieldRepetitionCount(field); i++) {
          all.add(value(group, field, i));
        }
      } else if (group.getFieldRepetitionCount(field) > 0) {
        node.set(of.getName(), value(group, field, 0));
      }
    }
    return node;
  }

  private static JsonNode value(Group group, int field, int index) {
    Type type = group.getType().getType(field);
    if (type.isPrimitive()) {
      return primitive(group, field, index);
    }
    Group inner = group.getGroup(field, index);
    return type.getLogicalTypeAnnotation()
            instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation
        ? list(inner)
        : object(inner);
  }

  /** A list is a group with one repeated field, whose group (if it is one) wraps the element. */
  private static ArrayNode list(Group list) {
    ArrayNode elements = JSON.arrayNode();
    Type repeated = list.getType().getType(0);
    for (int i = 0; i < list.getFieldRepetitionCount(0); i++) {
      boolean wraps = !repeated.isPrimitive() && repeated.asGroupType().getFieldCount() == 1;
      if (!wraps) {
        elements.add(value(list, 0, i));
      } else if (list.getGroup(0, i).getFieldRepetitionCount(0) == 0) {
        elements.addNull();
      } else {
        elements.add(value(list.getGroup(0, i), 0, 0));
      }
    }
    return elements;
  }

  private static JsonNode primitive(Group group, int field, int index) {
    return switch (group.getType().getType(field).asPrimitiveType().getPrimitiveTypeName()) {
      case BOOLEAN -> JSON.booleanNode(group.getBoolean(field, index));
      case INT32 -> JSON.numberNode(group.getInteger(field, index));
      case INT64 -> number(group.getLong(field, index));
      case FLOAT -> JSON.numberNode(group.getFloat(field, index));
      case DOUBLE -> JSON.numberNode(group.getDouble(field, index));
      case BINARY, FIXED_LEN_BYTE_ARRAY, INT96 ->
          JSON.textNode(
              new String(group.getBinary(field, index).getBytes(), StandardCharsets.UTF_8));
    };
  }

  /** Token ids are 64-bit in most files; readers of JSON get the smallest type that holds them. */
  private static JsonNode number(long value) {
    return value == (int) value ? JSON.numberNode((int) value) : JSON.numberNode(value);
  }
}

package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Durations as pyarrow 26 writes them. The file has columns {@code prompt}, {@code s}, {@code ms},
 * {@code us}, {@code ns}, {@code list}, {@code struct<n, d>}, {@code map}, {@code count}, {@code
 * t32} and {@code ts}: {@code duration} in four units, alone and in other types, and neighbours.
 */
class ArrowDurationsTest {
  @TempDir Path folder;

  @Test
  void areSpelledOutWithTheirUnits() throws IOException {
    List<String> rows = new ArrayList<>();
    try (ParquetFile file = ParquetFile.open(resource())) {
      file.forEachRow(row -> rows.add(row.toString()));
    }
    assertThat(rows)
        .containsExactly(
            "{\"prompt\":\"a\",\"s\":\"PT25H\",\"ms\":\"PT1.5S\",\"us\":\"PT0.000001S\","
                + "\"ns\":\"PT0.000000005S\",\"list\":[\"PT1S\",\"PT2S\"],"
                + "\"struct\":{\"n\":1,\"d\":\"PT1M\"},\"map\":{\"k\":\"PT3S\"},\"count\":7,"
                + "\"t32\":\"01:00:00\",\"ts\":\"1970-01-01T00:00:01\"}",
            "{\"prompt\":\"b\",\"s\":\"PT-1S\",\"us\":\"PT0.000002S\",\"ns\":\"PT0S\",\"list\":[],"
                + "\"struct\":{\"n\":2,\"d\":\"PT1M1S\"},\"map\":{},\"count\":8,"
                + "\"t32\":\"00:00:01\",\"ts\":\"1970-01-01T00:00:02\"}");
  }

  @Test
  void aSchemaThatIsBrokenIsNone() throws IOException {
    byte[] message = Base64.getDecoder().decode(schema());
    ObjectNode row = new ObjectMapper().createObjectNode().put("s", 90_000);
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      byte[] broken = message.clone();
      for (int j = 0; j <= random.nextInt(3); j++) {
        int at = random.nextInt(broken.length / 4) * 4;
        ByteBuffer.wrap(broken)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(at, random.nextBoolean() ? random.nextInt() : random.nextInt(64));
      }
      spelled(Base64.getEncoder().encodeToString(broken), row.deepCopy());
    }
    assertThat(spelled("no Base64!", row)).hasToString("{\"s\":90000}");
    assertThat(spelled("", row)).hasToString("{\"s\":90000}");
    assertThat(spelled(schema(), row)).hasToString("{\"s\":\"PT25H\"}");
  }

  private static ObjectNode spelled(String schema, ObjectNode row) {
    FileMetaData footer = new FileMetaData(1, List.of(), 0, List.of());
    KeyValue entry = new KeyValue("ARROW:schema");
    entry.setValue(schema);
    footer.setKey_value_metadata(List.of(entry));
    ArrowDurations.of(footer).spellOut(row);
    return row;
  }

  private String schema() throws IOException {
    String text = Files.readString(resource(), StandardCharsets.ISO_8859_1);
    int start = text.indexOf("/////", text.indexOf("ARROW:schema"));
    int end = start;
    while (Character.isLetterOrDigit(text.charAt(end)) || "+/=".indexOf(text.charAt(end)) >= 0) {
      end++;
    }
    return text.substring(start, end);
  }

  private Path resource() throws IOException {
    Path copy = folder.resolve("arrow-durations.parquet");
    try (InputStream in = getClass().getResourceAsStream("arrow-durations.parquet")) {
      Files.write(copy, in.readAllBytes());
    }
    return copy;
  }
}

package org.treepo4j.rl.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the rows of JSON lines, of a JSON array or of a Parquet file, one after the other. */
final class RowReader {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  /** Takes a row. */
  interface Consumer {
    void accept(TaskRow row) throws DataException;
  }

  private final Path file;
  private final Consumer consumer;
  private final String name;

  private RowReader(Path file, Consumer consumer) {
    this.file = file;
    this.consumer = consumer;
    this.name = String.valueOf(file.getFileName());
  }

  static void read(Path file, Consumer consumer) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new DataException(file, "no such file");
    }
    RowReader reader = new RowReader(file, consumer);
    if (ParquetFile.isParquet(file)) {
      try (ParquetFile parquet = ParquetFile.open(file)) {
        long[] number = {0};
        parquet.forEachRow(row -> reader.row("row " + ++number[0], number[0], row));
      }
      return;
    }
    try (BufferedReader text = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      if (reader.startsWithBracket(text)) {
        reader.array(text);
      } else {
        reader.lines(text);
      }
    } catch (MalformedInputException e) {
      throw new DataException(file, "expected UTF-8 text");
    }
  }

  private boolean startsWithBracket(BufferedReader text) throws IOException {
    int c;
    do {
      text.mark(1);
      c = text.read();
    } while (Character.isWhitespace(c));
    text.reset();
    return c == '[';
  }

  private void lines(BufferedReader text) throws IOException {
    long number = 0;
    for (String line = text.readLine(); line != null; line = text.readLine()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      JsonNode row;
      try {
        row = JSON.readTree(line);
      } catch (JsonProcessingException e) {
        throw new DataException(
            file, number, "expected one JSON object, " + e.getOriginalMessage());
      }
      row(String.valueOf(number), number, row);
    }
  }

  private void array(Reader text) throws IOException {
    long number = 0;
    try (JsonParser parser = JSON.createParser(text)) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        int line = parser.currentTokenLocation().getLineNr();
        JsonNode row = JSON.readTree(parser);
        row(String.valueOf(line), ++number, row);
      }
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw new DataException(file, line, "expected a JSON array, " + e.getOriginalMessage());
    }
  }

  private void row(String place, long number, JsonNode row) throws DataException {
    String where = file + ":" + place;
    if (!row.isObject()) {
      throw new DataException(where + ": expected one JSON object, was " + shown(row));
    }
    consumer.accept(new TaskRow(where, name + ":" + number, name, row));
  }

  private static String shown(JsonNode row) {
    String text = row.toString();
    return text.length() > 60 ? text.substring(0, 57) + "..." : text;
  }
}

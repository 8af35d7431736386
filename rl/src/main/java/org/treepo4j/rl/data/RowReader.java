package org.treepo4j.rl.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.treepo4j.base.Printable;
import org.treepo4j.base.files.InputFile;
import org.treepo4j.base.files.Utf8Lines;
import org.treepo4j.base.json.StrictJson;

/** Reads the rows of JSON lines, of a JSON array or of a Parquet file, one after the other. */
final class RowReader {
  private static final int SHOWN = 60;

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
    if (Files.isRegularFile(file) && Files.size(file) == 0) {
      throw new DataException(file, "expected at least one row, was empty");
    }
    Optional<String> problem = InputFile.problem(file, "Parquet");
    if (problem.isPresent()) {
      throw new DataException(file, problem.get());
    }
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (name.endsWith(".csv") || name.endsWith(".tsv")) {
      throw new DataException(
          file,
          "is "
              + (name.endsWith(".csv") ? "CSV" : "TSV")
              + ", expected JSON lines, a JSON array or Parquet");
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
    } catch (CharacterCodingException e) {
      throw new DataException(file, Utf8Lines.firstBroken(file), "expected UTF-8 text");
    }
  }

  private boolean startsWithBracket(BufferedReader text) throws IOException {
    int c;
    do {
      text.mark(1);
      c = text.read();
    } while (Character.isWhitespace(c) || c == '\uFEFF');
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
        row = StrictJson.parse(line);
      } catch (IOException e) {
        throw new DataException(file, number, "expected one JSON object: " + e.getMessage());
      }
      row(String.valueOf(number), number, row);
    }
  }

  private void array(Reader text) throws IOException {
    long number = 0;
    try (JsonParser parser = StrictJson.parser(text)) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        int line = parser.currentTokenLocation().getLineNr();
        JsonNode row = StrictJson.value(parser);
        row(String.valueOf(line), ++number, row);
      }
      requireEnd(parser);
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw new DataException(file, line, "expected a JSON array: " + StrictJson.problem(e));
    }
  }

  private void requireEnd(JsonParser parser) throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    if (StrictJson.hasMore(parser)) {
      throw new DataException(file, line, "text after the list that ends here");
    }
  }

  private void row(String place, long number, JsonNode row) throws DataException {
    String where = file + ":" + place;
    if (!row.isObject()) {
      throw new DataException(
          where + ": expected one JSON object, was " + Printable.of(row.toString(), SHOWN));
    }
    consumer.accept(new TaskRow(where, name + ":" + number, name, row));
  }
}

package org.treepo4j.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.base.json.StrictJson;

/**
 * A JSONL file by the places of its lines, so that single lines of a large file can be read. A last
 * line without its line end is left out: a live run is still writing it.
 */
final class JsonLines {
  /** Bytes of the longest line that is read; longer ones are refused. */
  static final int LONGEST_LINE = 64 << 20;

  static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(64)
                          .maxNumberLength(1000)
                          .build())
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Path file;
  private final long[] starts;
  private final long[] ends;

  private JsonLines(Path file, List<long[]> lines) {
    this.file = file;
    this.starts = lines.stream().mapToLong(line -> line[0]).toArray();
    this.ends = lines.stream().mapToLong(line -> line[1]).toArray();
  }

  static JsonLines index(Path file) throws IOException {
    List<long[]> lines = new ArrayList<>();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      long position = 0;
      long start = 0;
      boolean blank = true;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        for (int i = 0; i < read; i++, position++) {
          if (buffer[i] == '\n') {
            if (!blank) {
              lines.add(new long[] {start, position});
            }
            start = position + 1;
            blank = true;
          } else if (buffer[i] > ' ' || buffer[i] < 0) {
            blank = false;
          }
        }
      }
    }
    return new JsonLines(file, lines);
  }

  int size() {
    return starts.length;
  }

  /**
   * The JSON object of a line.
   *
   * @param index from 0, blank lines not counted
   * @throws ReportException if the line is no JSON object
   */
  JsonNode object(int index) throws IOException {
    if (ends[index] - starts[index] > LONGEST_LINE) {
      throw new ReportException(place(index) + ": longer than " + LONGEST_LINE + " bytes");
    }
    byte[] line = new byte[Math.toIntExact(ends[index] - starts[index])];
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      in.seek(starts[index]);
      in.readFully(line);
    }
    try {
      JsonNode node = MAPPER.readTree(new String(line, StandardCharsets.UTF_8));
      if (node == null || !node.isObject()) {
        throw new ReportException(place(index) + ": expected a JSON object");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw new ReportException(place(index) + ": not JSON: " + StrictJson.problem(e), e);
    }
  }

  /** Names a line for messages. */
  String place(int index) {
    return file.getFileName() + " line " + (index + 1);
  }
}

package org.treepo4j.rollout;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.base.json.StrictJson;

/**
 * Reads tree JSONL, one tree at a time. Empty lines are skipped. A line that is no tree is reported
 * as {@code FILE line N: reason}; reading may go on after it.
 */
public final class TreeJsonlReader implements AutoCloseable {
  /** Longest line: 16 trajectories of 32k tokens with all their numbers take a tenth of this. */
  private static final int MAX_LINE_BYTES = 512 << 20;

  private static final int MAX_NESTING = 64;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_NESTING).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final InputStream in;
  private final String source;
  private long line;

  /**
   * @param source names the input in messages
   */
  public TreeJsonlReader(InputStream in, String source) {
    this.in = new BufferedInputStream(in, 1 << 16);
    this.source = source;
  }

  /**
   * @throws IOException when the file cannot be opened
   */
  public static TreeJsonlReader open(Path file) throws IOException {
    return new TreeJsonlReader(Files.newInputStream(file), file.toString());
  }

  /** All trees of a file. */
  public static List<TreeLine> readAll(Path file) throws IOException {
    try (TreeJsonlReader reader = open(file)) {
      List<TreeLine> lines = new ArrayList<>();
      for (Optional<TreeLine> next = reader.read(); next.isPresent(); next = reader.read()) {
        lines.add(next.get());
      }
      return lines;
    }
  }

  /**
   * The next tree, or empty at the end.
   *
   * @throws TreeFileException when the line is no tree
   */
  public Optional<TreeLine> read() throws IOException {
    for (byte[] bytes = readLine(); bytes != null; bytes = readLine()) {
      if (!isBlank(bytes)) {
        return Optional.of(parse(bytes));
      }
    }
    return Optional.empty();
  }

  /** Number of the line read last, from 1. */
  public long line() {
    return line;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private TreeLine parse(byte[] bytes) throws TreeFileException {
    try {
      JsonNode json = MAPPER.readTree(bytes);
      if (!(json instanceof ObjectNode object)) {
        throw new TreeFileException(
            source, line, "expected a JSON object, was " + Fields.shown(json));
      }
      return TreeLine.parse(object);
    } catch (JsonProcessingException e) {
      String reason = StrictJson.problem(e);
      String column = e.getLocation() == null ? "" : ", column " + e.getLocation().getColumnNr();
      throw new TreeFileException(source, line, "not JSON" + column + ": " + reason);
    } catch (TreeFileException e) {
      throw e;
    } catch (IOException | IllegalArgumentException e) {
      throw new TreeFileException(source, line, e.getMessage());
    }
  }

  /** Bytes of the next line without its end, or null at the end of the input. */
  private byte[] readLine() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int b = in.read();
    if (b < 0) {
      return null;
    }
    line++;
    for (; b >= 0 && b != '\n'; b = in.read()) {
      if (bytes.size() == MAX_LINE_BYTES) {
        throw new TreeFileException(source, line, "longer than " + MAX_LINE_BYTES + " bytes");
      }
      bytes.write(b);
    }
    return bytes.toByteArray();
  }

  private static boolean isBlank(byte[] bytes) {
    for (byte b : bytes) {
      if (b != ' ' && b != '\t' && b != '\r') {
        return false;
      }
    }
    return true;
  }
}

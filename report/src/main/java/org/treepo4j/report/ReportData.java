package org.treepo4j.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The data of the page: one run or two, as JSON. */
final class ReportData {
  /** The page stays below 5 MB: this, and some 200 KB of code, metrics and settings of each run. */
  private static final long TREE_BYTES = 3_800_000;

  private ReportData() {}

  /** {@code {"runs":[…],"notices":[…]}}. */
  static ObjectNode of(List<RunDirectory> runs, Notices notices) throws IOException {
    ObjectNode data = JsonNodeFactory.instance.objectNode();
    ArrayNode list = data.putArray("runs");
    for (RunDirectory run : runs) {
      Notices ofRun = new Notices();
      list.add(run.toJson(TREE_BYTES / runs.size(), ofRun));
      ofRun.toList().forEach(notice -> notices.add(run.name() + ": " + notice));
    }
    ArrayNode said = data.putArray("notices");
    notices.toList().forEach(said::add);
    return data;
  }

  /**
   * UTF-8 JSON that may stand inside a script element: whatever the trees say, it holds no {@code
   * <}, {@code >} or {@code &}, so it can neither end the element nor begin a comment.
   */
  static byte[] embedded(JsonNode data) {
    try {
      return JsonLines.MAPPER
          .writeValueAsString(data)
          .replace("<", "\\u003c")
          .replace(">", "\\u003e")
          .replace("&", "\\u0026")
          .replace("\u2028", "\\u2028")
          .replace("\u2029", "\\u2029")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree can always be written", e);
    }
  }
}

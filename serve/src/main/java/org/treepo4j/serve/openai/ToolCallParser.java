package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.treepo4j.serve.sampling.MarkerScanner;

/**
 * Finds the tool calls that models of the Qwen and Hermes families write into their text: {@code
 * <tool_call>{"name":…,"arguments":{…}}</tool_call>}. What looks like one and is none stays text.
 */
final class ToolCallParser {
  static final String BEGIN = "<tool_call>";
  static final String END = "</tool_call>";

  private final Supplier<String> ids;
  private MarkerScanner scanner = new MarkerScanner(List.of(BEGIN));
  private final StringBuilder call = new StringBuilder();
  private boolean inside;
  private boolean any;

  /** Only white space has come since the last call; it is no answer. */
  private boolean behindCall;

  private int count;

  /**
   * @param arguments a JSON object as text
   */
  record ToolCall(int index, String id, String name, String arguments) {}

  /** What became certain: text, and calls behind it. */
  record Found(String text, List<ToolCall> calls) {}

  /**
   * @param ids gives every call its id
   */
  ToolCallParser(Supplier<String> ids) {
    this.ids = ids;
  }

  /** Whether a call was found. */
  boolean foundAny() {
    return any;
  }

  Found append(String more) {
    StringBuilder text = new StringBuilder();
    List<ToolCall> calls = new ArrayList<>();
    String rest = more;
    while (true) {
      add(scanner.append(rest), text);
      if (!scanner.found()) {
        return new Found(text.toString(), calls);
      }
      rest = scanner.rest();
      if (inside) {
        end(text, calls);
      }
      inside = !inside;
      scanner = new MarkerScanner(List.of(inside ? END : BEGIN));
    }
  }

  /** The text has ended; a call without its end mark counts when it is whole. */
  Found finish() {
    StringBuilder text = new StringBuilder();
    List<ToolCall> calls = new ArrayList<>();
    add(scanner.rest(), text);
    if (inside && !addCall(calls)) {
      text.append(BEGIN).append(call);
    }
    return new Found(text.toString(), calls);
  }

  private void add(String more, StringBuilder text) {
    if (inside) {
      call.append(more);
      return;
    }
    String shown = behindCall ? more.stripLeading() : more;
    behindCall &= shown.isEmpty();
    text.append(shown);
  }

  private void end(StringBuilder text, List<ToolCall> calls) {
    if (!addCall(calls)) {
      text.append(BEGIN).append(call).append(END);
      behindCall = false;
    }
    call.setLength(0);
  }

  private boolean addCall(List<ToolCall> calls) {
    JsonNode json = Json.readText(call.toString());
    if (json == null || !json.path("name").isTextual()) {
      return false;
    }
    JsonNode arguments = json.path("arguments");
    if (!arguments.isObject()) {
      return false;
    }
    calls.add(
        new ToolCall(count++, ids.get(), json.path("name").textValue(), arguments.toString()));
    any = true;
    behindCall = true;
    return true;
  }
}

package org.treepo4j.serve.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.treepo4j.serve.openai.ToolCallParser.Found;
import org.treepo4j.serve.openai.ToolCallParser.ToolCall;

class ToolCallParserTest {
  private static final String ADD =
      "<tool_call>{\"name\":\"add\",\"arguments\":{\"a\":1}}</tool_call>";

  @Test
  void findsCallsAndTheTextBeforeThem() {
    Found found = parse(List.of("I add. " + ADD + "\n" + ADD));
    assertThat(found.text()).isEqualTo("I add. ");
    assertThat(found.calls())
        .containsExactly(
            new ToolCall(0, "id", "add", "{\"a\":1}"), new ToolCall(1, "id", "add", "{\"a\":1}"));
  }

  @Test
  void findsACallWhoseEndIsMissing() {
    Found found = parse(List.of(ADD.substring(0, ADD.indexOf("</"))));
    assertThat(found.calls()).containsExactly(new ToolCall(0, "id", "add", "{\"a\":1}"));
    assertThat(found.text()).isEmpty();
  }

  @Test
  void leavesWhatIsNoCallAsItIs() {
    for (String text :
        List.of(
            "<tool_call>",
            "<tool_cal",
            "<tool_call>{</tool_call>",
            "<tool_call>{\"name\":1,\"arguments\":{}}</tool_call> so",
            "<tool_call>{\"name\":\"f\"}</tool_call>",
            "</tool_call>")) {
      assertThat(parse(List.of(text))).isEqualTo(new Found(text, List.of()));
    }
  }

  @Property(tries = 300)
  void whereTheTextIsCutDoesNotMatter(@ForAll("texts") List<String> parts, @ForAll long seed) {
    String text = String.join("", parts);
    Random random = new Random(seed);
    List<String> pieces = new ArrayList<>();
    for (int at = 0; at < text.length(); ) {
      int end = Math.min(text.length(), at + 1 + random.nextInt(6));
      pieces.add(text.substring(at, end));
      at = end;
    }
    assertThat(parse(pieces)).isEqualTo(parse(List.of(text)));
  }

  @Provide
  Arbitrary<List<String>> texts() {
    return Arbitraries.of(
            "<tool_call>", "</tool_call>", ADD, "{\"name\":\"f\"}", "<tool", "so ", "<", "\n")
        .list()
        .ofMaxSize(8);
  }

  private static Found parse(List<String> pieces) {
    ToolCallParser parser = new ToolCallParser(() -> "id");
    StringBuilder text = new StringBuilder();
    List<ToolCall> calls = new ArrayList<>();
    for (String piece : pieces) {
      Found found = parser.append(piece);
      text.append(found.text());
      calls.addAll(found.calls());
    }
    Found last = parser.finish();
    text.append(last.text());
    calls.addAll(last.calls());
    return new Found(text.toString(), calls);
  }
}

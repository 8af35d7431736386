package org.treepo4j.base.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":1}{\"a\":2}",
        "{\"a\":1} {\"a\":2}",
        "{\"a\":1} , }} not json",
        "{\"a\":1}x",
        "{\"a\":1}]",
        "{\"a\":1} 2",
        "{\"a\":1}\u0000"
      })
  void nothingMayFollowTheValue(String text) {
    assertThatThrownBy(() -> StrictJson.parse(text)).hasMessage("text after the object");
  }

  @Test
  void namesTheValueThatTextFollows() {
    assertThatThrownBy(() -> StrictJson.parse("[1][2]")).hasMessage("text after the list");
    assertThatThrownBy(() -> StrictJson.parse("1 2")).hasMessage("text after the number");
    assertThatThrownBy(() -> StrictJson.parse("\"a\"b")).hasMessage("text after the text");
  }

  @Test
  void passesOverAByteOrderMarkAndWhiteSpace() throws IOException {
    assertThat(StrictJson.parse("\uFEFF{\"a\":1} \r").path("a").intValue()).isEqualTo(1);
    assertThat(StrictJson.parse(" ").isMissingNode()).isTrue();
  }

  @Test
  void readsTheNumbersThatPythonWrites() throws IOException {
    JsonNode row = StrictJson.parse("{\"a\":NaN,\"b\":-Infinity,\"c\":Infinity,\"d\":0.1}");
    assertThat(row.path("a").doubleValue()).isNaN();
    assertThat(row.path("b").doubleValue()).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(row.path("c").doubleValue()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(row.path("d").decimalValue()).isEqualByComparingTo("0.1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":nan}",
        "{\"a\":",
        "{\"a\":[1,2",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{'a':1}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":1e}",
        "{\"a\":0x1F}",
        "{\"a\":True}",
        "// c\n1",
        "}",
        "\u0007"
      })
  void saysWhatIsWrongWithoutNamesOfALibrary(String text) {
    assertPlain(text);
  }

  @Test
  void boundsNestingAndNumbersInPlainWords() {
    assertThat(assertPlain("[".repeat(100_000))).isEqualTo("nested too deeply");
    assertThat(assertPlain("{\"a\":".repeat(5_000))).isEqualTo("nested too deeply");
    assertThat(assertPlain("1".repeat(5_000))).contains("too long");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"a\":1}",
        "{\"x\":{\"a\":1,\"a\":null}}",
        "[{\"a\":1},{\"a\":2,\"\\u0061\":3}]"
      })
  void aFieldStandsOnceInAnObject(String text) {
    assertThat(assertPlain(text)).isEqualTo("field 'a' stands twice");
  }

  @Test
  void theSameFieldMayStandInSeveralObjects() throws IOException {
    assertThat(StrictJson.parse("[{\"a\":{\"a\":1}},{\"a\":2}]")).hasSize(2);
  }

  @Test
  void namesTheTextWithHalfOfASurrogatePair() throws IOException {
    assertThat(broken("{\"a\":[\"b\",\"x\\ud800y\"]}"))
        .contains(
            "a[1]: expected Unicode text, has half of a surrogate pair, \\ud800, as character 2");
    assertThat(broken("{\"a\":{\"\\udc00\":1}}").orElseThrow()).startsWith("a.\\udc00: ");
    assertThat(broken("{\"a\":\"\\udc00\\ud800\"}")).isPresent();
    assertThat(broken("{\"a\":\"\\ud83d\\ude00\",\"b\":1,\"\\ud83d\\ude00\":null}")).isEmpty();
  }

  private static Optional<String> broken(String json) throws IOException {
    return StrictJson.brokenText("", StrictJson.parse(json));
  }

  private static String assertPlain(String text) {
    String[] said = new String[1];
    assertThatThrownBy(() -> StrictJson.parse(text))
        .isInstanceOf(IOException.class)
        .satisfies(e -> said[0] = e.getMessage());
    assertThat(said[0])
        .isNotBlank()
        .doesNotContain("`", "Feature", "jackson", "Source", "StreamRead", "JsonRead", "\n");
    return said[0];
  }
}

package org.treepo4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TreeEncoderTest {
  private static final String TREE =
      """
      {"prompt_id":"p","prompt_tokens":[1],"nodes":[
        {"id":1,"parent":0,"tokens":[5,6],"logprobs":[-0.123449,-1e-9],"entropies":[0.5,0.25]},
        {"id":2,"parent":1,"tokens":[7],"logprobs":[-2.0],"fallback":true}],
       "trajectories":[{"leaf":2,"finish":"EOS","reward":0.5,"advantages":%s}]}
      """;

  @Test
  void roundsOnce() throws IOException {
    JsonNode node = encode(TREE.formatted("[1,1,1]")).at("/nodes/0");
    assertThat(node.path("logprobs")).hasToString("[-0.1234,0]");
    assertThat(node.path("entropies")).hasToString("[0.5,0.25]");
  }

  @Test
  void writesEqualAdvantagesOnce() throws IOException {
    JsonNode same = encode(TREE.formatted("[1.5,1.5,1.5]")).at("/trajectories/0");
    assertThat(same.path("advantages").asDouble()).isEqualTo(1.5);
    JsonNode bySegment = encode(TREE.formatted("[1.5,1.5,-2]")).at("/trajectories/0");
    assertThat(bySegment.path("segment_advantages")).hasToString("[1.5,-2]");
    assertThat(bySegment.has("advantages")).isFalse();
    JsonNode byToken = encode(TREE.formatted("[1.5,1,-2]")).at("/trajectories/0");
    assertThat(byToken.path("advantages")).hasToString("[1.5,1,-2]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[1,2] | advantages of the trajectory to node 2 must have 3 values, had 2",
        "[1,2,3]}],\"nodes\":[{\"id\":1,\"parent\":3,\"tokens\":[1]}],\"x\":[{\"y\":1 | node 1 stands before its parent 3",
        "[1,2,3]}],\"nodes\":[{\"id\":1,\"parent\":0,\"tokens\":[]}],\"x\":[{\"y\":1 | node 1 must hold at least one token",
        "[1,2,3]},{\"leaf\":2 | two trajectories end at node 2",
        "[1,2,3]},{\"leaf\":9 | trajectory ends at no node: 9",
        "[1,2,3]}],\"prompt_tokens\":[\"a\"],\"x\":[{\"y\":1 | prompt_tokens must be token ids",
      })
  void namesWhatIsWrong(String advantages, String message) {
    assertThatThrownBy(() -> encode(TREE.formatted(advantages)))
        .isInstanceOf(ReportException.class)
        .hasMessageStartingWith("file line 3: " + message);
  }

  private static JsonNode encode(String json) throws IOException {
    return TreeEncoder.encode(JsonLines.MAPPER.readTree(json), "file line 3");
  }
}

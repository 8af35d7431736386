package org.treepo4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptReportTest {
  @TempDir Path run;

  @BeforeEach
  void aRun() throws IOException {
    Path trees = Files.createDirectories(run.resolve("trees"));
    Files.writeString(run.resolve("settings.yaml"), "loss: {clipLow: 0.2, clipHigh: 0.28}\n");
    Files.writeString(trees.resolve("step-000001.jsonl"), tree("p", 0, -0.1) + tree("q", 0, -0.1));
    Files.writeString(trees.resolve("step-000005.jsonl"), tree("p", 1, -0.1));
  }

  /** Two answers, the second right; its first token ends at a log-probability of {@code now}. */
  private static String tree(String id, int reward, double now) {
    return """
        {"prompt_id":"%s","prompt_tokens":[9],"prompt_text":"ask %s","prompt_pieces":["ask"],\
        "nodes":[\
        {"id":1,"parent":0,"tokens":[1],"logprobs":[-1.0],"model_logprobs":[-1.0],\
        "entropies":[0.5],"pieces":["no"],"old_logprobs":[-1.0],"new_logprobs":[-1.2]},\
        {"id":2,"parent":0,"tokens":[2,3],"logprobs":[-1.0,-0.5],"model_logprobs":[-1.0,-0.5],\
        "entropies":[0.5,0.5],"pieces":["ye","s"],"old_logprobs":[-0.5,-0.5],\
        "new_logprobs":[%s,-0.5],"loss_mask":[1,0]}],\
        "trajectories":[{"leaf":1,"finish":"EOS","reward":0.0,"correct":false,"advantages":[-1]},\
        {"leaf":2,"finish":"EOS","reward":%d,"correct":%b,"advantages":[1,0]}]}
        """
        .formatted(id, id, now, reward, reward == 1);
  }

  @Test
  void aPromptIsFollowedFromItsFirstToItsLastTree() throws IOException {
    assertThat(print("ask p"))
        .contains(
            "ask p, recorded at 2 steps",
            "       1             2        0     0.000          1.5     0.500",
            "       5             2        1     0.500          1.5     0.500",
            "The first tree, step 1:",
            "The last tree, step 5:");
    assertThat(print("")).isEqualTo(print("p")).isEqualTo(print("ask p"));
    assertThat(print("q")).contains("recorded at 1 steps").doesNotContain("The last tree");
  }

  @Test
  void everyTokenHasItsRatioWhetherItIsHeldAndItsWeight() throws IOException {
    // exp(−0.1 + 0.5) = 1.4918 is above 1.28; exp(−0.5 + 1) = 1.6487
    assertThat(print("p"))
        .contains("  ye               +1.000    0.6065    1.4918    yes    1.6487\n")
        .contains("  s                +0.000    0.6065    1.0000  given    1.0000\n");
  }

  @Test
  void estimatorsAreComparedOnOneTree() throws IOException {
    assertThat(print("p", "grpo", "rloo"))
        .contains("trajectory", "grpo   rloo")
        .contains("  to node 1         0.000   -0.71   -1.00\n");
    assertThatThrownBy(() -> print("p", "gae"))
        .isInstanceOf(ReportException.class)
        .hasMessageContaining("estimator must be one of treepo");
  }

  @Test
  void aPromptThatWasNotRecordedIsNamed() {
    assertThatThrownBy(() -> print("nothing"))
        .isInstanceOf(ReportException.class)
        .hasMessageContaining("no recorded tree is of the prompt nothing");
  }

  private String print(String prompt, String... estimators) throws IOException {
    StringBuilder out = new StringBuilder();
    PromptReport.print(run, prompt, List.of(estimators), out);
    return out.toString();
  }
}

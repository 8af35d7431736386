package org.treepo4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a tokenizer without bytes and without an unknown token leaves out is told. */
class DroppedCharactersTest {
  private static final String MODEL = "../examples/chain-sums/model";

  @TempDir private Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void aPromptOnTheCommandLineIsRefused() {
    assertThat(run("generate", "--model", MODEL, "--prompt", "12+é=?"))
        .isEqualTo(ErrorReporting.BAD_INPUT);
    assertThat(err.toString())
        .isEqualToIgnoringNewLines(
            "treepo: --prompt holds 'é' (U+00E9), '?' (U+003F), for which the model's tokenizer"
                + " has no token");
  }

  @Test
  void filesOfTasksAreEvaluatedWithANote() throws Exception {
    Path tasks = folder.resolve("tasks.jsonl");
    Files.writeString(
        tasks,
        """
        {"prompt": "1+2=", "answer": "3"}
        {"prompt": "What is 1+2=", "answer": "3"}
        """);
    String[] more = {"--set", "rollout.maxResponseTokens=4"};
    assertThat(run("eval", "--model", MODEL, "--data", tasks.toString(), more[0], more[1]))
        .isZero();
    assertThat(err.toString())
        .contains(
            "1 of 2 prompts hold characters that the model's tokenizer has no token for and leaves"
                + " out: 'W' (U+0057), 'h' (U+0068), 'a' (U+0061) and 4 more");
  }

  private int run(String... arguments) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}

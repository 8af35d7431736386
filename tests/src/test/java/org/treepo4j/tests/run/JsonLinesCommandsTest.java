package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that answer each JSON object on standard input with one on standard output. */
class JsonLinesCommandsTest {
  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
  }

  /** As train, eval and generate have them; on bfloat16 weights the two differ. */
  @Test
  void scoreTakesRotaryFrequenciesInFullUnlessToldOtherwise() {
    String model = folder.resolve("bf16").toString();
    String source = folder.resolve("model").toString();
    TinyRuns.cli("export", "--model", source, "--out", model, "--dtype", "bf16").ok();
    String ids = "{\"ids\":[5,6,7,8,9,10,11,12,13,14]}\n";
    String byDefault = answer(ids, "score", "--model", model);
    assertThat(byDefault)
        .isEqualTo(answer(ids, "score", "--model", model, "--rotary", "full"))
        .isNotEqualTo(answer(ids, "score", "--model", model, "--rotary", "stored"));
  }

  @Test
  void tokenizeAndChatTakeAModel() throws IOException {
    Path model = folder.resolve("model");
    Files.writeString(
        model.resolve("chat_template.jinja"), "{% for m in messages %}{{ m.content }}{% endfor %}");
    String text = "{\"text\":\"1+1=\"}\n";
    String chat = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}\n";
    for (String option : List.of("--tokenizer", "--model")) {
      assertThat(answer(text, "tokenize", option, model.toString())).startsWith("{\"ids\":[");
      assertThat(answer(chat, "chat", option, model.toString())).isEqualTo("{\"text\":\"hi\"}\n");
    }
    TinyRuns.Result none = TinyRuns.cli("tokenize");
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.err()).contains("--tokenizer");
  }

  private static String answer(String request, String... command) {
    InputStream stdin = System.in;
    try {
      System.setIn(new ByteArrayInputStream(request.getBytes(StandardCharsets.UTF_8)));
      return TinyRuns.cli(command).ok().out();
    } finally {
      System.setIn(stdin);
    }
  }
}

package org.treepo4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelInfoTest {
  private static final Path MODEL = Path.of("../examples/chain-sums/model");

  @TempDir private Path folder;

  @Test
  void aModelWithoutATokenizerIsDescribedAllTheSame() throws Exception {
    try (Stream<Path> files = Files.list(MODEL)) {
      for (Path file : files.filter(file -> !file.toString().contains("tokenizer")).toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    assertThat(info(folder))
        .contains("\"vocabulary\":null", "\"chat_template\":false", "\"parameters\":");
    assertThat(info(MODEL)).doesNotContain("\"vocabulary\":null");
  }

  @Test
  void whatIsPassedOverInItsFilesIsTold() throws Exception {
    try (Stream<Path> files = Files.list(MODEL)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\":[1,151645]}");
    assertThat(info(folder)).contains("generation_config.json:eos_token_id151645isbeyond");
    assertThat(info(MODEL)).contains("\"notes\":[]");
  }

  private static String info(Path model) {
    StringWriter out = new StringWriter();
    PrintWriter err = new PrintWriter(new StringWriter());
    String[] command = {"info", "--json", "--model", model.toString()};
    assertThat(Main.run(new PrintWriter(out, true), err, command)).isZero();
    return out.toString().replace(" ", "");
  }
}

package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(TestDevice.class)
class GpuFiguresTest {

  /** What can be measured where a GPU is measures something here, if no speed. */
  @Test
  void everyFigureIsWritten(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("figures.jsonl");
    GpuFigures.main(new String[] {file.toString(), "16"});
    assertThat(Files.readAllLines(file))
        .allMatch(line -> line.startsWith("{\"name\": ") && line.endsWith("}"))
        .extracting(line -> line.split("\"")[3])
        .contains("device", "product", "copy", "rows", "attention", "decode");
  }
}

package org.treepo4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SplitCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir private Path folder;

  @BeforeEach
  void tasks() throws Exception {
    Files.writeString(
        folder.resolve("train.jsonl"),
        """
        {"prompt":"1+1=","answer":"2"}
        {"prompt":"1 + 1 =","answer":"2"}
        {"prompt":[{"role":"user","content":"2+2="}],"answer":"4"}
        """);
  }

  @Test
  void bothFilesHoldTasksThatCanBeRead() throws Exception {
    assertThat(split("parts")).isZero();
    assertThat(out.toString()).contains("\"train\":1", "\"heldOut\":1", "\"duplicates\":1");
    assertThat(Files.readString(folder.resolve("parts/train.jsonl")))
        .isNotEqualTo(Files.readString(folder.resolve("parts/test.jsonl")))
        .contains("\"answer\"");
  }

  @Test
  void whatIsThereIsNotOverwritten() throws Exception {
    String before = Files.readString(folder.resolve("train.jsonl"));
    assertThat(split(".")).isEqualTo(2);
    assertThat(err.toString()).contains("train.jsonl: exists already");
    assertThat(Files.readString(folder.resolve("train.jsonl"))).isEqualTo(before);
    assertThat(folder.resolve("test.jsonl")).doesNotExist();
  }

  private int split(String to) {
    return Main.run(
        new PrintWriter(out, true),
        new PrintWriter(err, true),
        "split",
        folder.resolve("train.jsonl").toString(),
        "--held-out=1",
        "--out=" + folder.resolve(to));
  }
}

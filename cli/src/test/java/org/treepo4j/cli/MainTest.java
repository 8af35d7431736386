package org.treepo4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void helpIsTheSameWhicheverWayItIsAskedFor() {
    assertThat(run("train", "--help")).isZero();
    String help = out.toString();
    out.getBuffer().setLength(0);

    assertThat(run("help", "train")).isZero();
    assertThat(out.toString()).isEqualTo(help).contains("CONFIG.yaml");
  }

  @Test
  void helpListsTheCommandsAlsoBehindAnOption() {
    assertThat(run("-q", "--help")).isZero();
    assertThat(out.toString()).contains("train", "split", "export");
  }

  @Test
  void anUnknownCommandIsAUsageError() {
    assertThat(run("trian")).isEqualTo(2);
    assertThat(err.toString()).contains("trian").doesNotContain("Exception");
  }

  private int run(String... arguments) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}

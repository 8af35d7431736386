package org.treepo4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
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

  @Test
  void aGpuThatIsNotThereIsRefusedInOneLine() {
    assumeFalse(Files.exists(Path.of("/proc/driver/nvidia/version")), "there is a GPU");
    String model =
        Path.of(System.getProperty("treepo.root", ".."))
            .resolve("examples/chain-sums/model")
            .toString();

    assertThat(run("generate", "--model", model, "--prompt", "1", "--engine", "cuda")).isEqualTo(2);
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(err.toString()).contains("the cuda engine: no NVIDIA driver on this machine");
    assertThat(out.toString()).isEmpty();

    assertThat(run("info", "--json")).isZero();
    assertThat(out.toString()).contains("the cuda engine: no NVIDIA driver on this machine");
  }

  private int run(String... arguments) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}

package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The PTX among the resources is what the compiler makes of the sources. */
class PtxTest {
  /** Others make other PTX of the same sources. */
  private static final String COMPILER = "V13.0.88";

  private static final Path MODULE =
      Path.of(System.getProperty("treepo.root", "."), "engines", "cuda").toAbsolutePath();

  private static final Path RESOURCES =
      MODULE.resolve("src/main/resources/org/treepo4j/engines/cuda");

  @Test
  void ptxIsWhatTheSourcesGive(@TempDir Path folder) throws Exception {
    String nvcc = System.getenv().getOrDefault("NVCC", "nvcc");
    assumeTrue(
        version(nvcc).contains(COMPILER), "skipped: no nvcc " + COMPILER + ", see docs/cuda.md");
    ProcessBuilder builder =
        new ProcessBuilder(MODULE.resolve("ptx.sh").toString(), folder.toString());
    builder.environment().putAll(Map.of("NVCC", nvcc));
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(names(RESOURCES)).isEqualTo(names(folder));
    for (String name : names(folder)) {
      assertThat(Files.mismatch(RESOURCES.resolve(name), folder.resolve(name)))
          .as("%s is out of date: run engines/cuda/ptx.sh", name)
          .isEqualTo(-1);
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".ptx"))
          .sorted()
          .toList();
    }
  }

  private static String version(String nvcc) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(nvcc, "--version").redirectErrorStream(true).start();
      String version = new String(process.getInputStream().readAllBytes());
      process.waitFor();
      return version;
    } catch (IOException e) {
      return "no " + nvcc;
    }
  }
}

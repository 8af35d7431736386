package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.InputException;
import org.treepo4j.model.CausalLm;

/** Clusters that cannot be used are refused before anything is computed. */
class RefusalsTest {
  private static final String ONE_EXECUTOR = "local-cluster[1,1,512]";

  @TempDir Path folder;

  private final WorkerFacts driver =
      new WorkerFacts(
          "driver",
          "here",
          1,
          "17.0.9",
          17,
          "4.2.0",
          8,
          1L << 30,
          1L << 29,
          code("a"),
          engines(""));

  private static Map<String, String> code(String checksum) {
    return new TreeMap<>(Map.of("model", checksum, "rl.train", "b"));
  }

  private static Map<String, String> engines(String problem) {
    return new TreeMap<>(Map.of("vector", problem));
  }

  private static WorkerFacts worker(
      int feature, String spark, String checksum, String engineProblem) {
    return new WorkerFacts(
        "3",
        "10.0.0.7",
        1,
        feature + ".0.2",
        feature,
        spark,
        8,
        1L << 30,
        1L << 29,
        code(checksum),
        engines(engineProblem));
  }

  @Test
  void anEqualExecutorIsTaken() {
    assertThat(worker(17, "4.2.0", "a", "").problem(driver, "vector", 1L << 30)).isEmpty();
  }

  @Test
  void whatDiffersIsNamedWithExecutorAndMachine() {
    assertThat(worker(25, "4.2.0", "a", "").problem(driver, "vector", 0))
        .contains(
            "executor 3 on 10.0.0.7 runs on Java 25.0.2, the driver on 17.0.9; give both the same"
                + " (spark.executorEnv.JAVA_HOME)");
    assertThat(worker(17, "4.1.3", "a", "").problem(driver, "vector", 0))
        .contains("executor 3 on 10.0.0.7 has Spark 4.1.3, the driver 4.2.0");
    assertThat(worker(17, "4.2.0", "z", "").problem(driver, "vector", 0))
        .hasValueSatisfying(problem -> assertThat(problem).contains("another build of model"));
    assertThat(worker(17, "4.2.0", "a", "needs a flag").problem(driver, "vector", 0))
        .hasValueSatisfying(
            problem -> assertThat(problem).contains("cannot compute: needs a flag"));
    assertThat(worker(17, "4.2.0", "a", "").problem(driver, "samediff", 0))
        .hasValueSatisfying(problem -> assertThat(problem).contains("has no engine samediff"));
    assertThat(worker(17, "4.2.0", "a", "").problem(driver, "vector", 3L << 30))
        .hasValueSatisfying(
            problem ->
                assertThat(problem)
                    .contains("may use 1024 MB, but the model needs about 3072 MB there"));
  }

  @Test
  void anAddressThatIsNoneIsRefused() {
    assertThatThrownBy(() -> connect("mesos://here"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("--master mesos://here: cannot be used: ");
  }

  @Test
  void aMasterThatCannotBeReachedIsRefusedAtOnce() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    assertThatThrownBy(() -> connect("spark://no-such-machine.invalid:7077,127.0.0.1:" + port))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            "--master \\S+: no machine is known by the name no-such-machine.invalid; nothing can"
                + " be reached at port \\d+ of 127.0.0.1 \\(.*\\)");
    assertThatThrownBy(() -> connect("spark://localhost"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "--master spark://localhost: 'localhost' is no HOST:PORT, for example"
                + " spark://10.0.0.1:7077");
  }

  /** Spark logs the failure with all its frames before it throws it. */
  @Test
  void anAddressThatIsNoneIsToldInOneLineOnly() {
    PrintStream console = System.err;
    ByteArrayOutputStream told = new ByteArrayOutputStream();
    System.setErr(new PrintStream(told, true, StandardCharsets.UTF_8));
    try {
      assertThatThrownBy(() -> connect("spark:/nowhere")).isInstanceOf(InputException.class);
    } finally {
      System.setErr(console);
    }
    assertThat(told.toString(StandardCharsets.UTF_8)).doesNotContain("SparkException", "\tat ");
  }

  @Test
  void aPropertyThatIsNotSparksIsRefused() {
    assertThatThrownBy(
            () -> SparkCluster.connect("local[1]", Map.of("executor.memory", "1g"), note -> {}))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "--conf executor.memory=1g: expected a property of Spark, which begins with spark.");
  }

  @Test
  void executorsOfAnotherJavaAreRefusedBeforeTheFirstStep() throws Exception {
    Optional<Path> other = otherJava();
    assumeTrue(other.isPresent(), "skipped: no JDK of another feature version in /usr/lib/jvm");
    refused(
        Map.of("spark.executorEnv.JAVA_HOME", other.get().toString()),
        "executor 0 on \\S+ runs on Java .*, the driver on .*; give both the same.*");
  }

  @Test
  void executorsOfAnotherBuildAreRefusedBeforeTheFirstStep() throws Exception {
    String name = CausalLm.class.getName().replace('.', '/') + ".class";
    Path copy = folder.resolve("other/" + name);
    Files.createDirectories(copy.getParent());
    try (InputStream bytes = CausalLm.class.getResourceAsStream("CausalLm.class")) {
      Files.copy(bytes, copy);
    }
    refused(
        Map.of(
            "spark.executor.extraClassPath",
            folder.resolve("other") + File.pathSeparator + System.getProperty("java.class.path")),
        "executor 0 on \\S+ has another build of model on its class path than the driver.*");
  }

  private void refused(Map<String, String> properties, String message) throws Exception {
    ClusterRuns runs = new ClusterRuns(folder);
    assertThatThrownBy(
            () ->
                runs.run("refused")
                    .cluster(() -> SparkCluster.connect(ONE_EXECUTOR, properties, note -> {}))
                    .run())
        .isInstanceOf(InputException.class)
        .hasMessageMatching(message);
    assertThat(runs.path("refused").resolve("metrics.jsonl")).doesNotExist();
  }

  private static void connect(String master) {
    SparkCluster.connect(master, new LinkedHashMap<>(), note -> {}).close();
  }

  private static Optional<Path> otherJava() throws Exception {
    Path all = Path.of("/usr/lib/jvm");
    if (!Files.isDirectory(all)) {
      return Optional.empty();
    }
    try (Stream<Path> homes = Files.list(all)) {
      for (Path home : homes.sorted().toList()) {
        Path release = home.resolve("release");
        if (Files.isExecutable(home.resolve("bin/java")) && Files.exists(release)) {
          String version =
              Files.readString(release).replaceAll("(?s).*JAVA_VERSION=\"(\\d+).*", "$1");
          boolean usable = version.matches("\\d+") && Integer.parseInt(version) >= 17;
          if (usable && Integer.parseInt(version) != Runtime.version().feature()) {
            return Optional.of(home);
          }
        }
      }
    }
    return Optional.empty();
  }
}

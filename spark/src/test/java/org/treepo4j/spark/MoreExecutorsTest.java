package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.cli.Main;

/** Clusters of other sizes, and a driver that is killed. */
class MoreExecutorsTest {
  @TempDir Path folder;

  @Test
  void fourExecutorsGiveTheWeightsOfOneMachineBitForBit() throws Exception {
    ClusterRuns runs = new ClusterRuns(folder);
    runs.run("here", "trainer.steps=2").run();
    runs.run("four", "trainer.steps=2")
        .cluster(() -> SparkCluster.connect("local-cluster[4,1,512]", Map.of(), runs.notes()::add))
        .run();
    runs.assertSame("here", "four", 2);
  }

  @Test
  void aKilledDriverIsResumedElsewhere() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self")), "skipped: no /proc to find executors by");
    ClusterRuns runs = new ClusterRuns(folder);
    runs.run("whole", "checkpoint.everySteps=1").run();
    Path log = folder.resolve("log");
    Process driver =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "train",
                folder.resolve("train.yaml").toString(),
                "--master",
                "local-cluster[1,1,512]",
                "--set",
                "output=" + runs.path("killed"),
                "--set",
                "checkpoint.everySteps=1")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    List<ProcessHandle> executors;
    try {
      awaitCheckpoint(runs, driver, log);
      executors = driver.descendants().filter(ExecutorKiller::isExecutor).toList();
    } finally {
      driver.destroyForcibly().waitFor();
    }
    assertThat(executors).isNotEmpty();
    for (ProcessHandle executor : executors) { // those of a killed driver end by themselves
      assertThat(executor.onExit().get(30, TimeUnit.SECONDS).isAlive()).isFalse();
    }
    runs.run("killed", "checkpoint.everySteps=1").resume(true).run();
    assertThat(runs.notes()).anyMatch(note -> note.startsWith("going on from "));
    runs.assertSame("whole", "killed", 4);
  }

  private static void awaitCheckpoint(ClusterRuns runs, Process driver, Path log)
      throws InterruptedException, IOException {
    Path first = runs.path("killed").resolve("checkpoints/step-000001");
    while (!Files.exists(first)) {
      assertThat(driver.isAlive()).as(Files.readString(log)).isTrue();
      Thread.sleep(5);
    }
  }
}

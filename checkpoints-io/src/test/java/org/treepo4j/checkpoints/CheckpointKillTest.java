package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A writing process is ended by force or by the operating system's limits. */
class CheckpointKillTest {
  private static final int KILLS = 25;
  private static final int MAX_MILLISECONDS = 60;

  @TempDir Path temporary;

  @Test
  void killedAtAnyMomentTheLatestReportedCheckpointIsThere() throws Exception {
    Path folder = temporary.resolve("checkpoints");
    Random random = new Random(20_260_101);
    long latest = 0;
    int unfinished = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Process process = start(List.of(), folder);
      try (BufferedReader out = process.inputReader()) {
        List<String> lines = new ArrayList<>();
        for (int wait = random.nextInt(4); wait >= 0; wait--) {
          lines.add(out.readLine());
        }
        TimeUnit.MICROSECONDS.sleep(random.nextInt(MAX_MILLISECONDS * 1_000));
        // Through its handle, since Process.destroyForcibly() closes the pipe we still read.
        process.toHandle().destroyForcibly();
        out.lines().forEach(lines::add);
        process.waitFor();
        long reported = lastReported(lines, latest);

        List<String> messages = new ArrayList<>();
        CheckpointStore store = new CheckpointStore(folder, 2, messages::add);
        CheckpointStore.Checkpoint found = store.latestComplete().orElseThrow();
        assertThat(found.step()).isGreaterThanOrEqualTo(reported);
        assertThat(messages).allMatch(m -> m.startsWith("ignoring an unfinished checkpoint"));
        unfinished += messages.isEmpty() ? 0 : 1;
        assertHolds(found);
        if (found.step() >= 7) {
          assertHolds(store.best().orElseThrow());
        }
        latest = found.step();
      } finally {
        process.destroyForcibly();
      }
    }
    System.out.printf(
        "kill -9: %d kills over %d checkpoints, %d in the middle of one; the latest reported was always there%n",
        KILLS, latest, unfinished);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aFailingWriteOfTheOperatingSystemLosesNothing() throws Exception {
    Path folder = temporary.resolve("checkpoints");
    new CheckpointStore(folder, 2, message -> {})
        .write(1, true, aside -> Files.writeString(aside.resolve("x"), "x"));
    // No file may grow beyond 100 KiB, so that writing a tensor of 160 kB fails half-way.
    Process process = start(List.of("bash", "-c", "ulimit -f 100; exec \"$@\"", "bash"), folder);
    String out =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(out).contains("CheckpointException", "File too large");
    assertThat(folder.toFile().list()).containsExactly("step-000001");
    List<String> messages = new ArrayList<>();
    assertThat(new CheckpointStore(folder, 2, messages::add).latestComplete().orElseThrow().step())
        .isEqualTo(1);
    assertThat(messages).isEmpty();
  }

  private static Process start(List<String> wrapper, Path folder) throws IOException {
    List<String> command = new ArrayList<>(wrapper);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx64m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            CheckpointLoop.class.getName(),
            folder.toString()));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static long lastReported(List<String> lines, long before) {
    return lines.stream()
        .filter(line -> line != null && line.matches("[0-9]+"))
        .mapToLong(Long::parseLong)
        .max()
        .orElse(before);
  }

  private static void assertHolds(CheckpointStore.Checkpoint checkpoint) throws IOException {
    for (String name : List.of("model.safetensors", "optimizer.safetensors")) {
      try (SafetensorsFile file = SafetensorsFile.open(checkpoint.folder().resolve(name))) {
        float[] values = file.readFloats("step");
        float[] expected = new float[values.length];
        Arrays.fill(expected, (float) checkpoint.step());
        assertThat(values).isEqualTo(expected);
      }
    }
  }
}

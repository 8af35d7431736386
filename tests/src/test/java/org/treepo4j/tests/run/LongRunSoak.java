package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.cli.Main;

/**
 * A long run with everything that a run does, {@code inspect --serve} attached: what the process
 * holds must not grow. Not part of {@code verify}: docs/testing.md has the command.
 */
@EnabledOnOs(OS.LINUX)
class LongRunSoak {
  private static final int STEPS = Integer.getInteger("soak.steps", 1000);
  private static final int SAMPLES = 20;

  /** The page of a longer run is larger, up to its limit. */
  private static final long MOST_GROWTH_KIB = 32 << 10;

  @TempDir Path folder;

  /**
   * What a process holds at one time.
   *
   * @param liveKib objects that are left after a collection; resident memory depends on when the
   *     JVM collects, too
   */
  private record Held(
      int step, int handles, int threads, long liveKib, long residentKib, int temporaryFiles) {}

  @Test
  void handlesThreadsMemoryAndTemporaryFilesStayFlat() throws Exception {
    TinyRuns runs = new TinyRuns(folder);
    Path run = runs.path("long");
    Files.createDirectories(run);
    List<String> arguments = new ArrayList<>(List.of(runs.arguments("train", "long")));
    arguments.addAll(
        List.of(
            "--set",
            "trainer={steps: %d, promptsPerStep: 4, trainOnShortBatch: true}".formatted(STEPS),
            "--set",
            "evaluation={everySteps: 10, maxTasks: 4}",
            "--set",
            "checkpoint={everySteps: 10, keepLast: 2}"));
    Path log = folder.resolve("log");
    Path serverLog = folder.resolve("server.log");
    Process server =
        Child.start(
            "",
            Main.class,
            serverLog,
            List.of("inspect", run.toString(), "--serve", "--port", "0"));
    Process training = Child.start("", Main.class, log, arguments);
    List<Held> trainer = new ArrayList<>();
    List<Held> inspector = new ArrayList<>();
    try {
      URI page = address(serverLog);
      int next = 1;
      while (training.isAlive()) {
        int step = lines(run.resolve("metrics.jsonl"));
        get(page.resolve("data.json"));
        if (step >= next) {
          trainer.add(held(training, step));
          inspector.add(held(server, step));
          next = step + Math.max(1, STEPS / SAMPLES);
        }
        Thread.sleep(200);
      }
      assertThat(training.exitValue()).as(Files.readString(log)).isZero();
    } finally {
      training.destroyForcibly();
      server.destroyForcibly();
    }
    trainer.forEach(held -> System.out.println("soak train   " + held));
    inspector.forEach(held -> System.out.println("soak inspect " + held));
    assertThat(lines(run.resolve("metrics.jsonl"))).isEqualTo(STEPS);
    assertFlat(trainer);
    assertFlat(inspector);
  }

  /** From the first quarter, when all is warm, to the end. */
  private static void assertFlat(List<Held> samples) {
    Held warm = samples.get(samples.size() / 4);
    Held end = samples.get(samples.size() - 1);
    assertThat(end.handles).isLessThanOrEqualTo(warm.handles + 4);
    assertThat(end.threads).isLessThanOrEqualTo(warm.threads + 2);
    assertThat(end.liveKib).isLessThanOrEqualTo(warm.liveKib + MOST_GROWTH_KIB);
    assertThat(end.temporaryFiles).isLessThanOrEqualTo(warm.temporaryFiles);
  }

  private static Held held(Process process, int step) throws Exception {
    Path proc = Path.of("/proc", String.valueOf(process.pid()));
    String status = Files.readString(proc.resolve("status"));
    return new Held(
        step,
        count(proc.resolve("fd"), ""),
        (int) number(status, "Threads:"),
        live(process),
        number(status, "VmRSS:"),
        count(Path.of(System.getProperty("java.io.tmpdir")), "treepo"));
  }

  /** The last line of a histogram, before which the JVM collects: Total, objects, bytes. */
  private static long live(Process process) throws Exception {
    Process histogram =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                String.valueOf(process.pid()),
                "GC.class_histogram")
            .start();
    String last = "";
    try (BufferedReader lines = histogram.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        last = line.isBlank() ? last : line.strip();
      }
    }
    String[] total = last.split("\\s+");
    assertThat(total[0]).as(last).isEqualTo("Total");
    return Long.parseLong(total[2]) >> 10;
  }

  private static long number(String status, String field) {
    String line = status.lines().filter(l -> l.startsWith(field)).findFirst().orElseThrow();
    return Long.parseLong(line.replaceAll("\\D", ""));
  }

  private static int count(Path directory, String prefix) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return (int) files.filter(f -> f.getFileName().toString().startsWith(prefix)).count();
    }
  }

  private static int lines(Path file) throws IOException {
    if (!Files.exists(file)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(file)) {
      return (int) lines.count();
    }
  }

  private static URI address(Path log) throws Exception {
    while (true) {
      String said = Files.readString(log);
      int at = said.indexOf("http://");
      if (at >= 0 && said.indexOf('\n', at) > 0) {
        return URI.create(said.substring(at, said.indexOf('\n', at)).strip());
      }
      Thread.sleep(100);
    }
  }

  private static void get(URI page) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(page).timeout(Duration.ofMinutes(1)).build();
    int status = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode();
    assertThat(status).as(String.format(Locale.ROOT, "%s", page)).isEqualTo(200);
  }
}

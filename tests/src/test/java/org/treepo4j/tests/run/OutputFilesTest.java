package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a command is told to write to is never replaced unless it is a regular file. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class OutputFilesTest {
  @TempDir Path folder;
  private Map<String, String[]> commands;

  @BeforeEach
  void prepare() throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    runs.run("train", "run", "--set", "trainer.steps=1").ok();
    String model = runs.path("model").toString();
    String short12 = "rollout.maxResponseTokens=12";
    commands =
        Map.of(
            "inspect", new String[] {"inspect", runs.path("run").toString(), "--out"},
            "compare", new String[] {"compare", "a=" + runs.path("run"), "--out"},
            "rollout",
                new String[] {
                  "rollout", "--model", model, "--prompt", "1+1=", "--set", short12, "--out"
                },
            "score", new String[] {"score", "--model", model, "--gradients"},
            "eval",
                new String[] {
                  "eval",
                  "--model",
                  model,
                  "--data",
                  runs.path("tasks.jsonl").toString(),
                  "--set",
                  short12,
                  "--out"
                });
  }

  @Test
  void linksStayAndTheFileTheyLeadToIsWritten() throws Exception {
    for (String command : commands.keySet()) {
      Path file = folder.resolve("elsewhere-" + command);
      Path link = Files.createSymbolicLink(folder.resolve("link-" + command), file.getFileName());
      run(command, link).ok();
      assertThat(link).isSymbolicLink();
      assertThat(file).isRegularFile().isNotEmptyFile();
    }
  }

  @Test
  void pipesAreWrittenToAndStayPipes() throws Exception {
    for (String command : commands.keySet()) {
      Path pipe = folder.resolve("pipe-" + command);
      assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "mkfifo");
      CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> content(pipe));
      run(command, pipe).ok();
      assertThat(read.get()).as(command).isNotEmpty();
      assertThat(Files.readAttributes(pipe, "isOther")).containsEntry("isOther", true);
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(Path::toString))
          .noneMatch(name -> name.endsWith(".writing") || name.endsWith(".svg"));
    }
  }

  @Test
  void foldersAreRefusedBeforeAnythingIsComputed() {
    for (String command : commands.keySet()) {
      TinyRuns.Result result = run(command, folder.resolve("run"));
      assertThat(result.exitCode()).as(command).isEqualTo(2);
      assertThat(result.err()).contains(folder.resolve("run") + ": is a folder");
      assertThat(result.out()).isEmpty();
    }
  }

  private TinyRuns.Result run(String command, Path out) {
    InputStream stdin = System.in;
    try {
      System.setIn(new ByteArrayInputStream("{\"ids\":[1,2,3]}".getBytes(StandardCharsets.UTF_8)));
      String[] start = commands.get(command);
      String[] arguments = java.util.Arrays.copyOf(start, start.length + 1);
      arguments[start.length] = out.toString();
      return TinyRuns.cli(arguments);
    } finally {
      System.setIn(stdin);
    }
  }

  private static byte[] content(Path pipe) {
    try (InputStream in = Files.newInputStream(pipe)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

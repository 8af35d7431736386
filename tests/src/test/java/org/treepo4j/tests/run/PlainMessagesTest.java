package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Contents as failed downloads, other programs and strangers leave them, in the place of every kind
 * of file: one line that names the file, without a word of a library's.
 */
class PlainMessagesTest {
  private static final Pattern OF_LIBRARY =
      Pattern.compile(
          "jackson|fasterxml|snakeyaml|picocli|parquet\\.|java\\.|org\\.[a-z]|Exception|Feature|`|Source:|Input length|StreamRead|JsonRead|CTRL-CHAR");

  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
  }

  private static Map<String, byte[]> contents() throws IOException {
    Map<String, byte[]> contents = new LinkedHashMap<>();
    contents.put("a pointer", bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"));
    contents.put("a page", bytes("<!DOCTYPE html>\n<html><body>403</body></html>\n"));
    contents.put("an error", bytes("Entry not found"));
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
      out.write(bytes("{}"));
    }
    contents.put("gzip", gzip.toByteArray());
    contents.put("a zip", new byte[] {'P', 'K', 3, 4, 20, 0, 0, 0, 0, 0});
    contents.put("nothing", new byte[0]);
    contents.put("zeros", new byte[4096]);
    contents.put("deep lists", bytes("[".repeat(100_000)));
    contents.put("deep objects", bytes("{\"a\":".repeat(50_000)));
    contents.put("a cut character", new byte[] {'{', '"', (byte) 0xe2, (byte) 0x82});
    contents.put("Latin-1", bytes("{\"prompt\":\"caf\u00e9\"}", StandardCharsets.ISO_8859_1));
    contents.put("UTF-16", bytes("\uFEFF{\"prompt\":1}", StandardCharsets.UTF_16LE));
    contents.put("two values", bytes("{\"a\":1}{\"a\":2}"));
    contents.put("a cut value", bytes("{\"prompt\":\"1+1=\",\"answ"));
    contents.put("single quotes", bytes("{'prompt': 'a'}"));
    contents.put("a leading zero", bytes("{\"prompt\":\"a\",\"answer\":01}"));
    contents.put("a long number", bytes("{\"prompt\":" + "1".repeat(2000) + "}"));
    contents.put("control bytes", bytes("{\"prompt\":\"\u001b[2J\"}"));
    contents.put("two documents", bytes("---\na: 1\n---\nb: 2\n"));
    contents.put("a reference", bytes("seed: &s 1\nthreads: *s\n"));
    return contents;
  }

  private static byte[] bytes(String text, java.nio.charset.Charset... charset) {
    return text.getBytes(charset.length == 0 ? StandardCharsets.UTF_8 : charset[0]);
  }

  @Test
  void inThePlaceOfEveryKindOfFile() throws IOException {
    String model = runs.path("model").toString();
    Map<Path, String[]> places = new LinkedHashMap<>();
    places.put(
        folder.resolve("d.jsonl"), new String[] {"data", folder.resolve("d.jsonl").toString()});
    places.put(
        folder.resolve("d.parquet"), new String[] {"data", folder.resolve("d.parquet").toString()});
    for (String name : List.of("config.json", "generation_config.json", "model.safetensors")) {
      places.put(runs.path("model").resolve(name), new String[] {"info", "--model", model});
    }
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      places.put(runs.path("model").resolve(name), new String[] {"chat", "--tokenizer", model});
    }
    places.put(
        folder.resolve("x.gguf"),
        new String[] {"info", "--model", folder.resolve("x.gguf").toString()});
    places.put(
        folder.resolve("s.yaml"), new String[] {"train", folder.resolve("s.yaml").toString()});
    places.put(
        folder.resolve("c.jsonl"),
        arguments("sft", "corpus.train=[" + folder.resolve("c.jsonl") + "]"));
    for (Map.Entry<Path, String[]> place : places.entrySet()) {
      Path file = place.getKey();
      byte[] good = Files.exists(file) ? Files.readAllBytes(file) : null;
      for (Map.Entry<String, byte[]> content : contents().entrySet()) {
        Files.write(file, content.getValue());
        TinyRuns.Result result = TinyRuns.cli(place.getValue());
        String where = content.getKey() + " in " + file.getFileName();
        assertThat(result.exitCode()).as(where + ": " + result.err()).isNotZero();
        String said =
            result.err() + (result.exitCode() == 2 && result.err().isEmpty() ? result.out() : "");
        assertThat(said).as(where).isNotBlank().doesNotContainPattern(OF_LIBRARY);
        assertThat(result.err().lines().count()).as(where + ": " + result.err()).isLessThan(2);
      }
      if (good != null) {
        Files.write(file, good);
      }
    }
  }

  private String[] arguments(String command, String setting) {
    String[] base = runs.arguments(command, "out");
    return new String[] {base[0], base[1], base[2], base[3], "--set", setting};
  }

  @Test
  void settingsSayTheLineOfWhatTheyDoNotTake() throws IOException {
    Path file = folder.resolve("s.yaml");
    Files.writeString(file, "seed: 1\n---\nseed: 2\n");
    refused("s.yaml: ", "a second document begins", "train", file.toString());
    Files.writeString(file, "seed: &s 1\nthreads: *s\n");
    refused("s.yaml: line 2: ", "anchors and references", "train", file.toString());
    Files.write(
        file, new byte[] {'a', ':', ' ', '1', '\n', 'b', ':', ' ', (byte) 0xe2, (byte) 0x82});
    refused("s.yaml: line 2: ", "expected UTF-8 text", "train", file.toString());
    Files.writeString(file, "\uFEFF" + Files.readString(runs.path("train.yaml")));
    TinyRuns.cli("train", file.toString(), "--dry-run").ok();
  }

  @Test
  void foldersAndPipesAreNotCalledMissing() {
    String here = folder.toString();
    for (String[] command :
        new String[][] {
          {"data", here},
          {"train", here},
          {"data", "/dev/null"},
          {"train", "/dev/null"},
          {"eval", "--model", runs.path("model").toString(), "--data", here},
          {"rollout", "--model", runs.path("model").toString(), "--data", "/dev/null"}
        }) {
      TinyRuns.Result result = TinyRuns.cli(command);
      assertThat(result.exitCode()).isEqualTo(2);
      assertThat(result.err())
          .containsAnyOf("is a folder, expected a file", "is a pipe or a device, expected a file")
          .doesNotContain("no such file");
    }
  }

  @Test
  void controlBytesOfAProgramAreShownEscaped() throws IOException {
    Path program = folder.resolve("reward.sh");
    Files.writeString(
        program, "#!/bin/sh\nwhile read -r line; do printf '\\033[31mred\\007\\n'; done\n");
    program.toFile().setExecutable(true);
    TinyRuns.Result result =
        runs.run(
            "train",
            "run",
            "--set",
            "reward.outcome=program",
            "--set",
            "reward.program=[" + program + "]");
    assertThat(result.exitCode()).isNotZero();
    assertThat(result.err()).contains("\\u001b[31mred\\u0007").doesNotContain("\u001b", "\u0007");
  }

  private static void refused(String where, String what, String... command) {
    TinyRuns.Result result = TinyRuns.cli(command);
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains(where).contains(what);
  }
}

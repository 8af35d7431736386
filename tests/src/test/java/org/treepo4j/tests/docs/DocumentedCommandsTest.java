package org.treepo4j.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.cli.Main;

/**
 * Runs every {@code ./treepo} line in a code block of the documents, in their order. {@code runs/}
 * is a folder of the page's own, {@code trees.jsonl} is there, and training is short. A comment on
 * the line before a block changes what is done with it:
 *
 * <ul>
 *   <li>{@code <!-- test: --set a.b=c … -->} adds these to commands that have settings
 *   <li>{@code <!-- test: help -->} only looks whether the command has the options
 *   <li>{@code <!-- test: skip, REASON -->} leaves the block alone
 * </ul>
 */
class DocumentedCommandsTest {
  private static final Path MODEL = Page.ROOT.resolve("examples/chain-sums/model");
  private static final Map<String, List<String>> SHORT =
      Map.of(
          "train",
          List.of(
              "trainer.steps=1",
              "trainer.promptsPerStep=2",
              "trainer.maxGenerationBatches=4",
              "evaluation.maxTasks=4"),
          "pretrain",
          List.of("corpus.examples=60", "corpus.validationExamples=10", "trainer.epochs=1"),
          "sft",
          List.of("trainer.epochs=1"));
  private static final Set<String> WITH_SETTINGS =
      Set.of("train", "pretrain", "sft", "rollout", "explain");

  /** The worked example of docs/estimators. */
  private static final String TREES =
      """
      {"prompt_id":"p","prompt_tokens":[1],"nodes":[{"id":1,"parent":0,"tokens":[2]},{"id":2,\
      "parent":0,"tokens":[3]},{"id":3,"parent":1,"tokens":[4]},{"id":4,"parent":1,"tokens":[5]},\
      {"id":5,"parent":2,"tokens":[6]},{"id":6,"parent":2,"tokens":[7]}],"trajectories":[\
      {"leaf":3,"finish":"EOS","reward":1},{"leaf":4,"finish":"EOS","reward":0},\
      {"leaf":5,"finish":"EOS","reward":0},{"leaf":6,"finish":"EOS","reward":0}]}
      """;

  @TempDir private static Path temporary;

  @TestFactory
  Stream<DynamicContainer> everyCommandOfTheDocumentsRuns() throws IOException {
    List<DynamicContainer> pages = new ArrayList<>();
    for (Page page : Page.all()) {
      Path folder = Files.createDirectories(temporary.resolve(page.path().toString() + ".d"));
      Files.writeString(folder.resolve("trees.jsonl"), TREES);
      List<DynamicTest> commands = new ArrayList<>();
      for (Page.Fence fence : page.fences()) {
        for (String line : fence.lines()) {
          if (line.contains("./treepo ")) {
            commands.add(
                DynamicTest.dynamicTest(line.strip(), () -> run(line, fence.marker(), folder)));
          }
        }
      }
      pages.add(DynamicContainer.dynamicContainer(page.path().toString(), commands));
    }
    return pages.stream();
  }

  private static void run(String line, String marker, Path folder) throws IOException {
    assumeFalse(marker.startsWith("skip"), "skipped: " + marker);
    Pipeline pipeline = Pipeline.parse(line);
    if (marker.equals("help")) {
      pipeline.stages().stream()
          .filter(stage -> stage.get(0).equals("./treepo"))
          .forEach(DocumentedCommandsTest::checkOptions);
      return;
    }
    assumeTrue(
        Files.exists(MODEL.resolve("config.json")) || !needsModel(line),
        "skipped: no model at " + MODEL);
    String text =
        pipeline.input() == null ? "" : Files.readString(Path.of(placed(pipeline.input(), folder)));
    for (List<String> stage : pipeline.stages()) {
      text = stage(stage, marker, folder, text);
    }
    if (pipeline.output() != null) {
      Files.writeString(Path.of(placed(pipeline.output(), folder)), text);
    }
  }

  private static boolean needsModel(String line) {
    return line.contains("train.yaml")
        || line.contains("chain-sums/model")
        || line.contains("runs/")
        || line.contains("./treepo explain");
  }

  /** Runs one command on the text of the one before and returns its own. */
  private static String stage(List<String> words, String marker, Path folder, String input)
      throws IOException {
    switch (words.get(0)) {
      case "./treepo" -> {}
      case "echo" -> {
        return String.join(" ", words.subList(1, words.size())) + "\n";
      }
      default -> throw new AssertionError("documents pipe ./treepo and echo only: " + words);
    }
    List<String> arguments = new ArrayList<>();
    words.subList(1, words.size()).forEach(word -> arguments.add(placed(word, folder)));
    SHORT
        .getOrDefault(arguments.get(0), List.of())
        .forEach(setting -> arguments.addAll(List.of("--set", setting)));
    if (SHORT.containsKey(arguments.get(0)) && !String.join(" ", arguments).contains(" output=")) {
      arguments.addAll(List.of("--set", "output=" + folder.resolve(output(arguments.get(1)))));
    }
    if (WITH_SETTINGS.contains(arguments.get(0))) {
      Pipeline.words(marker).forEach(word -> arguments.add(placed(word, folder)));
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    InputStream before = System.in;
    int code;
    try {
      System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
      code =
          Main.run(
              new PrintWriter(out, true),
              new PrintWriter(err, true),
              arguments.toArray(String[]::new));
    } finally {
      System.setIn(before);
    }
    assertThat(code).as("exit code of %s, which said%n%s", arguments, err).isZero();
    assertThat(out.toString()).as("output of %s", arguments).isNotBlank();
    return out.toString();
  }

  /** {@code runs/NAME} of the settings file's own output folder. */
  private static String output(String file) throws IOException {
    return Files.readAllLines(Path.of(file)).stream()
        .filter(line -> line.startsWith("output:"))
        .map(line -> line.substring(line.indexOf("runs/")).strip())
        .findFirst()
        .orElseThrow();
  }

  private static void checkOptions(List<String> words) {
    StringWriter help = new StringWriter();
    PrintWriter printer = new PrintWriter(help, true);
    assertThat(Main.run(printer, printer, words.get(1), "--help")).as("%s", words).isZero();
    words.stream()
        .filter(word -> word.startsWith("--"))
        .forEach(option -> assertThat(help.toString()).contains(option));
  }

  /** A word with the paths in it set where they are found. */
  private static String placed(String word, Path folder) {
    int value = word.indexOf('=') + 1;
    String path = word.substring(value);
    if (path.startsWith("examples/")) {
      return word.substring(0, value) + Page.ROOT.resolve(path);
    }
    if (path.startsWith("runs/") || path.matches("[\\w-]+\\.(jsonl|html)")) {
      return word.substring(0, value) + folder.resolve(path);
    }
    return word;
  }
}

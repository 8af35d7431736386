package org.treepo4j.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.treepo4j.cli.Main;

/** A model that has hardly learned anything, made by the example's own pretraining. */
final class TinyModel {
  private TinyModel() {}

  /** Makes one below a folder. */
  static Path in(Path folder) throws IOException {
    run(
        "pretrain",
        Page.ROOT.resolve("examples/chain-sums/pretrain.yaml").toString(),
        "output=" + folder.resolve("tiny"),
        "architecture.layers=1",
        "architecture.hiddenSize=32",
        "corpus.examples=20",
        "corpus.validationExamples=5",
        "trainer.epochs=1");
    try (Stream<Path> checkpoints = Files.list(folder.resolve("tiny/checkpoints"))) {
      return checkpoints.findFirst().orElseThrow();
    }
  }

  /** Runs a command on a settings file with other settings. */
  static void run(String command, String file, String... settings) {
    List<String> arguments = new ArrayList<>(List.of(command, file));
    for (String setting : settings) {
      arguments.addAll(List.of("--set", setting));
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.run(
            new PrintWriter(out, true),
            new PrintWriter(err, true),
            arguments.toArray(String[]::new));
    assertThat(code).as("exit code of %s, which said%n%s", arguments, err).isZero();
  }
}

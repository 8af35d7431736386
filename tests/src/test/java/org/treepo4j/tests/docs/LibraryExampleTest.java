package org.treepo4j.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.tests.docs.library.OneStep;
import org.treepo4j.tests.docs.library.OwnBranching;
import org.treepo4j.tests.docs.library.OwnEngine;
import org.treepo4j.tests.docs.library.OwnEstimator;
import org.treepo4j.tests.docs.library.OwnReward;
import org.treepo4j.tests.docs.library.Train;

/** The programs of docs/library.md are those that are run here. */
class LibraryExampleTest {
  private static final Path SOURCES =
      Page.ROOT.resolve("tests/src/test/java/org/treepo4j/tests/docs/library");
  private static final List<String> PROGRAMS =
      List.of("Train", "OwnReward", "OwnEstimator", "OwnBranching", "OwnEngine", "OneStep");

  private static final String TASKS =
      Page.ROOT.resolve("examples/chain-sums/train.jsonl").toString();

  @TempDir static Path folder;
  private static String model;

  private interface Program {
    void main(String[] arguments) throws Exception;
  }

  @BeforeAll
  static void aModel() throws IOException {
    model = TinyModel.in(folder).toString();
  }

  @Test
  void theDocumentShowsTheSourcesThatAreRun() throws Exception {
    List<String> shown = new ArrayList<>();
    for (String program : PROGRAMS) {
      String source = Files.readString(SOURCES.resolve(program + ".java"));
      shown.add(
          source
              .substring(source.indexOf("  // begin\n") + 11, source.indexOf("  // end\n"))
              .stripTrailing()
              .indent(-2));
    }
    Page page = Page.read(Page.ROOT.resolve("docs/library.md"));
    assertThat(page.fences())
        .filteredOn(fence -> fence.language().equals("java"))
        .extracting(fence -> String.join("\n", fence.lines()) + "\n")
        .containsExactlyElementsOf(shown);
  }

  @Test
  void aRunTrains() throws Exception {
    assertThat(output(Train::main, model, out("train"), TASKS))
        .contains("trained in", "step-000002");
  }

  @Test
  void ownRewardIsTheOneThatCounts() throws Exception {
    assertThat(run(OwnReward::main, "reward")).contains("\"accuracy_after\":");
    assertThat(Files.readString(Path.of(out("reward"), "metrics.jsonl"))).contains("reward_mean");
  }

  @Test
  void ownEstimatorTrains() throws Exception {
    assertThat(run(OwnEstimator::main, "estimator")).contains("\"updates\":2");
  }

  @Test
  void ownBranchingPolicySamples() throws Exception {
    assertThat(run(OwnBranching::main, "branching")).contains("1 of 2", "2 of 2", "\"steps\":2");
  }

  @Test
  void ownEngineIsFoundByItsName() throws Exception {
    assertThat(run(OwnEngine::main, "engine")).contains("1 model opened");
  }

  @Test
  void oneStepFromItsParts() throws Exception {
    assertThat(output(OneStep::main, model)).contains("17+25-9=", "8 trajectories");
  }

  /** Runs a program on short settings: two steps on a model that has hardly learned anything. */
  private static String run(Program program, String name) throws Exception {
    Path settings = folder.resolve(name + ".yaml");
    Files.writeString(
        settings,
        """
        model: model
        output: out
        data: {train: %s}
        rollout: {maxWidth: 8, segmentLength: 8, maxDepth: 3, maxResponseTokens: 24}
        reward: {outcome: regex, regex: '[0-4]'}
        trainer: {steps: 2, promptsPerStep: 4, trainOnShortBatch: true}
        """
            .formatted(TASKS));
    return output(program, settings.toString(), model, out(name));
  }

  private static String out(String name) {
    return folder.resolve(name).toString();
  }

  private static String output(Program program, String... arguments) throws Exception {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      program.main(arguments);
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}

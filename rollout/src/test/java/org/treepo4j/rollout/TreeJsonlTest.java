package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.testsupport.SharedData;

class TreeJsonlTest {
  private static final String TREE =
      "{\"prompt_id\":\"p\",\"prompt_tokens\":[1,2],\"nodes\":[{\"id\":1,\"parent\":0,"
          + "\"tokens\":[3,4],\"logprobs\":[-0.5,-1e-3],\"pieces\":[\"a\",\"b\"]}],"
          + "\"trajectories\":[{\"leaf\":1,\"finish\":\"EOS\",\"reward\":1.0,\"text\":\"ab\"}],"
          + "\"answer\":{\"deep\":[null,true]}}";

  @TempDir Path folder;

  @Test
  void unknownFieldsAreKept() throws IOException {
    Path in = Files.writeString(folder.resolve("in.jsonl"), TREE + "\r\n\n" + TREE);
    Path out = folder.resolve("new/out.jsonl");

    try (TreeJsonlWriter writer = TreeJsonlWriter.create(out)) {
      for (TreeLine line : TreeJsonlReader.readAll(in)) {
        line.trajectory(0).putArray("advantages").add(0.5).add(-0.5);
        writer.write(line);
      }
      writer.commit();
    }

    String written =
        TREE.replace("-1e-3", "-0.001")
            .replace("\"text\":\"ab\"", "\"text\":\"ab\",\"advantages\":[0.5,-0.5]");
    assertThat(Files.readAllLines(out)).containsExactly(written, written);
    assertThat(files(out.getParent())).containsExactly(out);
  }

  @Test
  void whatForeignFilesLeaveOutIsUnknown() throws IOException {
    RolloutTree tree = read(TREE).tree();

    SegmentNode node = tree.nodes().get(0);
    assertThat(node.logprobs()).containsExactly(-0.5, -0.001);
    assertThat(node.modelLogprobs()).containsOnly(Double.NaN);
    assertThat(node.entropies()).containsOnly(Double.NaN);
    assertThat(node.branch()).isZero();
    assertThat(TreeLine.of(tree).node(0).has("entropies")).isFalse();
    Trajectory bare =
        read(TREE.replace(",\"finish\":\"EOS\",\"reward\":1.0", "")).tree().trajectories().get(0);
    assertThat(bare.finish()).isEqualTo(FinishReason.UNFINISHED);
    assertThat(bare.reward()).isNaN();
  }

  @Test
  void tokensThatThePolicyWasGivenStayMarked() throws IOException {
    String masked = TREE.replace("\"tokens\":[3,4]", "\"tokens\":[3,4],\"loss_mask\":[1,0]");
    RolloutTree tree = read(masked).tree();
    assertThat(tree.nodes().get(0).learned()).containsExactly(true, false);
    assertThat(tree.learned(tree.trajectories().get(0))).containsExactly(true, false);
    assertThat(TreeLine.of(tree).node(0).get("loss_mask").toString()).isEqualTo("[1,0]");
    assertThat(TreeLine.of(read(TREE).tree()).node(0).has("loss_mask")).isFalse();
    bad(masked.replace("[1,0]", "[1]"), "node 1: loss_mask must have 2 values, had 1");
    bad(masked.replace("[1,0]", "[1,2]"), "node 1: loss_mask must be 0 or 1, was 2");
  }

  @Test
  void badLinesAreReportedByNumberAndReadingMayGoOn() throws IOException {
    try (TreeJsonlReader reader = reader(TREE + "\n{\"prompt_id\":\n\n" + TREE)) {
      assertThat(reader.read()).isPresent();
      assertThatThrownBy(reader::read)
          .isInstanceOf(TreeFileException.class)
          .hasMessageStartingWith("trees.jsonl line 2: not JSON");
      assertThat(reader.read()).isPresent();
      assertThat(reader.line()).isEqualTo(4);
      assertThat(reader.read()).isEmpty();
    }
  }

  @Test
  void everyFaultIsNamed() {
    bad(
        TREE.replace("\"EOS\"", "\"DONE\""),
        "trajectory to 1: finish must be one of [ANSWERED, UNCLOSED_ANSWER, EOS, MAX_DEPTH,"
            + " MAX_RESPONSE_TOKENS, REPETITION, UNFINISHED], was \"DONE\"");
    bad(TREE.replace("\"prompt_id\":\"p\",", ""), "the tree has no prompt_id");
    bad(TREE.replace("[3,4]", "[3,\"4\"]"), "node 1: tokens must be an integer, was \"4\"");
    bad(TREE.replace("[3,4]", "[3,-4]"), "node 1: tokens must be token ids, was -4");
    bad(TREE.replace("[3,4]", "[3]"), "node 1: logprobs must have 1 values, had 2");
    bad(TREE.replace("[3,4]", "[]"), "node 1: logprobs must have 0 values, had 2");
    bad(
        TREE.replace("[1,2]", "[1,99999999999]"),
        "the tree: prompt_tokens must be an integer, was 99999999999");
    bad(TREE.replace("\"parent\":0", "\"parent\":7"), "node 1 stands before its parent 7");
    bad(TREE.replace("\"leaf\":1", "\"leaf\":3"), "trajectory ends at no node: 3");
    bad(
        TREE.replace("\"nodes\":[", "\"nodes\":[5,"),
        "the tree: nodes must be a list of objects, was 5");
    bad("[1]", "expected a JSON object, was [1]");
    bad("{\"prompt_id\":1,\"prompt_id\":2}", "not JSON");
    bad("{\"a\":" + "[".repeat(10_000), "not JSON");
    bad(TREE + TREE, "not JSON");
  }

  @Test
  void withoutCommitTheOldFileStays() throws IOException {
    Path file = Files.writeString(folder.resolve("trees.jsonl"), "old");

    try (TreeJsonlWriter writer = TreeJsonlWriter.create(file)) {
      writer.write(read(TREE));
    }

    assertThat(file).hasContent("old");
    assertThat(files(folder)).containsExactly(file);
  }

  @Test
  void sharedTreesAreRead() throws IOException {
    JsonNode cases =
        new ObjectMapper()
            .readTree(Files.readAllBytes(SharedData.require("rl/advantages_shared.json")));
    for (JsonNode oneCase : cases) {
      for (JsonNode json : oneCase.get("trees")) {
        TreeLine line = read(json.toString());
        assertThat(line.json()).isEqualTo(json);
        assertThat(line.tree().trajectories()).isNotEmpty();
      }
    }
  }

  private static void bad(String text, String reason) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(TreeFileException.class)
        .hasMessageStartingWith("trees.jsonl line 1: " + reason)
        .hasMessageNotContaining("\n");
  }

  private static TreeLine read(String line) throws IOException {
    try (TreeJsonlReader reader = reader(line)) {
      return reader.read().orElseThrow();
    }
  }

  private static TreeJsonlReader reader(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new TreeJsonlReader(new ByteArrayInputStream(bytes), "trees.jsonl");
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }
}

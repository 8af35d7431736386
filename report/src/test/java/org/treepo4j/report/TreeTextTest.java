package org.treepo4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

class TreeTextTest {
  private static final Map<Integer, String> PIECES =
      Map.of(1, "7+58=", 2, "65;", 3, "\\boxed{65}", 4, "\u001b[31mred\n", 5, "数字");

  @Test
  void printsEverySegmentWithItsShareAndEveryLeafWithItsOutcome() throws IOException {
    assertThat(print(tree(1, 0), TreeText.Style.PLAIN))
        .isEqualTo(
            """
            7+58=
            p-1: 2 trajectories, 3 tokens sampled for 4 (sharing ratio 0.75), 3 distinct, mean R 0.500
            └─×2 65;%s mean R  0.500
              ├─✓ \\boxed{65}%s ANSWERED  R  1.000
              └─✗ ␛[31mred⏎%s EOS  R  0.000
            """
                .formatted(" ".repeat(77), " ".repeat(64), " ".repeat(70)));
  }

  @Test
  void segmentsWithTheSameTextAreMarked() throws IOException {
    RolloutTree tree =
        new RolloutTree(
            "p-1",
            new int[] {1},
            List.of(node(1, 0, 2), node(2, 1, 3), node(3, 0, 2), node(4, 3, 3), node(5, 3, 5)),
            List.of(
                new Trajectory(2, FinishReason.EOS, 1),
                new Trajectory(4, FinishReason.EOS, 1),
                new Trajectory(5, FinishReason.EOS, 1)));

    assertThat(print(tree, TreeText.Style.PLAIN))
        .contains("5 tokens sampled for 6 (sharing ratio 0.83), 3 distinct")
        .contains("×1 65;", "✓ \\boxed{65}", "×2 ≡ 65;", "✓ ≡ \\boxed{65}", "✓ 数字");
  }

  @Test
  void aTreeWithoutRewardsSaysWhyItsPathsEnded() throws IOException {
    assertThat(print(tree(Double.NaN, Double.NaN), TreeText.Style.PLAIN))
        .contains("• \\boxed{65}")
        .contains("ANSWERED\n")
        .doesNotContain("mean R", "NaN");
  }

  @Test
  void coloursOnlyWhenAsked() throws IOException {
    assertThat(print(tree(1, 0), TreeText.Style.PLAIN)).doesNotContain("\u001b");
    String coloured = print(tree(1, 0), new TreeText.Style(100, true));
    assertThat(coloured).contains("\u001b[34m✓\u001b[0m").doesNotContain("\u001b[31m");
  }

  @Test
  void noLineIsWiderThanTheTerminal() throws IOException {
    int[] wide = new int[200];
    Arrays.fill(wide, 5);
    SegmentNode node = node(1, 0, wide);
    RolloutTree tree =
        new RolloutTree(
            "p", wide, List.of(node), List.of(new Trajectory(1, FinishReason.EOS, 0.25)));
    assertThat(print(tree, new TreeText.Style(60, false)).lines())
        .allMatch(line -> Cells.width(line) <= 60);
  }

  private static RolloutTree tree(double first, double second) {
    return new RolloutTree(
        "p-1",
        new int[] {1},
        List.of(node(1, 0, 2), node(2, 1, 3), node(3, 1, 4)),
        List.of(
            new Trajectory(2, FinishReason.ANSWERED, first),
            new Trajectory(3, FinishReason.EOS, second)));
  }

  private static SegmentNode node(int id, int parent, int... tokens) {
    double[] zeros = new double[tokens.length];
    return new SegmentNode(id, parent, tokens, zeros, zeros, zeros);
  }

  private static String print(RolloutTree tree, TreeText.Style style) throws IOException {
    StringBuilder out = new StringBuilder();
    TreeText.print(
        tree,
        ids -> Arrays.stream(ids).mapToObj(PIECES::get).collect(Collectors.joining()),
        style,
        out);
    return out.toString();
  }
}

package org.treepo4j.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * A rollout tree for a terminal: one line a segment with the number of trajectories through it and
 * the mean reward of its sub-group; leaves with why they ended and their reward. A leaf is marked ✓
 * where its reward is positive, ✗ where it is not, • where it has none. A segment is marked ≡ where
 * one above it has the same text behind the same text.
 */
public final class TreeText {
  private static final String RESET = "\u001b[0m";
  private static final String DIM = "\u001b[2m";
  private static final String BOLD = "\u001b[1m";
  private static final String GOOD = "\u001b[34m";
  private static final String BAD = "\u001b[33m";

  /**
   * How to print.
   *
   * @param columns width of the terminal in cells, at least 40
   * @param colour whether ANSI colours may be used
   */
  public record Style(int columns, boolean colour) {
    /** 100 columns without colours: for files and pipes. */
    public static final Style PLAIN = new Style(100, false);

    public Style {
      if (columns < 40) {
        throw new IllegalArgumentException("columns must be at least 40, was " + columns);
      }
    }
  }

  private final RolloutTree tree;
  private final Function<int[], String> decode;
  private final Style style;
  private final Appendable out;
  private final Map<Integer, List<SegmentNode>> children = new HashMap<>();
  private final Map<Integer, Trajectory> endingAt = new HashMap<>();
  private final Map<Integer, List<Trajectory>> through = new HashMap<>();

  private TreeText(RolloutTree tree, Function<int[], String> decode, Style style, Appendable out) {
    this.tree = tree;
    this.decode = decode;
    this.style = style;
    this.out = out;
    for (SegmentNode node : tree.nodes()) {
      children.computeIfAbsent(node.parent(), id -> new ArrayList<>()).add(node);
    }
    for (Trajectory trajectory : tree.trajectories()) {
      endingAt.put(trajectory.leaf(), trajectory);
      for (SegmentNode node : tree.segments(trajectory)) {
        through.computeIfAbsent(node.id(), id -> new ArrayList<>()).add(trajectory);
      }
    }
  }

  /**
   * Prints a tree.
   *
   * @param tree any tree; rewards may be missing (NaN)
   * @param decode token ids to text; control characters in it are made visible, never printed
   */
  public static void print(
      RolloutTree tree, Function<int[], String> decode, Style style, Appendable out)
      throws IOException {
    new TreeText(tree, decode, style, out).print();
  }

  private void print() throws IOException {
    String prompt = visible(decode.apply(tree.promptTokens()));
    out.append(paint(BOLD, fit(prompt, style.columns()))).append('\n');
    long sampled = tree.sampledTokens();
    long needed = tree.trajectoryTokens();
    String facts =
        String.format(
            Locale.ROOT,
            "%s: %d trajectories, %d tokens sampled for %d (sharing ratio %.2f), %d distinct%s",
            visible(tree.promptId()),
            tree.trajectories().size(),
            sampled,
            needed,
            needed == 0 ? 1.0 : (double) sampled / needed,
            tree.distinctTokens(),
            meanReward(tree.trajectories()).isPresent()
                ? String.format(
                    Locale.ROOT, ", mean R %.3f", meanReward(tree.trajectories()).getAsDouble())
                : "");
    out.append(paint(DIM, fit(facts, style.columns()))).append('\n');
    printChildren(0, "");
  }

  private void printChildren(int parent, String indent) throws IOException {
    List<SegmentNode> nodes = children.getOrDefault(parent, List.of());
    for (int i = 0; i < nodes.size(); i++) {
      boolean last = i == nodes.size() - 1;
      printNode(nodes.get(i), indent + (last ? "└─" : "├─"));
      printChildren(nodes.get(i).id(), indent + (last ? "  " : "│ "));
    }
  }

  private void printNode(SegmentNode node, String branch) throws IOException {
    List<Trajectory> group = through.getOrDefault(node.id(), List.of());
    Trajectory ending = endingAt.get(node.id());
    String mark = ending == null ? "×" + group.size() : mark(ending);
    String numbers = ending == null ? mean(group) : reward(ending);
    int room = style.columns() - Cells.width(branch) - Cells.width(mark) - Cells.width(numbers) - 3;
    String alike = tree.firstAlike(node) == node ? "" : "≡ ";
    String text = fit(alike + visible(decode.apply(node.tokens())), Math.max(room, 8));
    String gap = " ".repeat(Math.max(1, room - Cells.width(text) + 1));
    String tint = ending == null || Double.isNaN(ending.reward()) ? "" : tint(ending);
    out.append(paint(DIM, branch))
        .append(paint(ending == null ? DIM : tint, mark))
        .append(' ')
        .append(text)
        .append(gap)
        .append(paint(ending == null ? DIM : tint, numbers))
        .append('\n');
  }

  private static String mark(Trajectory trajectory) {
    return Double.isNaN(trajectory.reward()) ? "•" : trajectory.reward() > 0 ? "✓" : "✗";
  }

  private static String tint(Trajectory trajectory) {
    return trajectory.reward() > 0 ? GOOD : BAD;
  }

  private static String reward(Trajectory trajectory) {
    return Double.isNaN(trajectory.reward())
        ? trajectory.finish().name()
        : String.format(Locale.ROOT, "%s  R %6.3f", trajectory.finish(), trajectory.reward());
  }

  private static String mean(List<Trajectory> group) {
    OptionalDouble mean = meanReward(group);
    return mean.isPresent() ? String.format(Locale.ROOT, "mean R %6.3f", mean.getAsDouble()) : "";
  }

  private static OptionalDouble meanReward(List<Trajectory> group) {
    return group.stream()
        .mapToDouble(Trajectory::reward)
        .filter(reward -> !Double.isNaN(reward))
        .average();
  }

  private String paint(String code, String text) {
    return style.colour() && !code.isEmpty() ? code + text + RESET : text;
  }

  private static String fit(String text, int cells) {
    return Cells.fit(text, cells);
  }

  /** What a model wrote may not move the cursor: control and format characters become marks. */
  public static String visible(String text) {
    StringBuilder seen = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              int type = Character.getType(c);
              if (c == '\n') {
                seen.append('⏎');
              } else if (c == '\t') {
                seen.append('⇥');
              } else if (c < ' ') {
                seen.appendCodePoint(0x2400 + c);
              } else if (type == Character.CONTROL
                  || type == Character.FORMAT
                  || type == Character.SURROGATE
                  || type == Character.LINE_SEPARATOR
                  || type == Character.PARAGRAPH_SEPARATOR) {
                seen.append('\ufffd');
              } else {
                seen.appendCodePoint(c);
              }
            });
    return seen.toString();
  }
}

package org.treepo4j.laws;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import net.jqwik.api.SampleReportingFormat;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * Writes trees into the reports of broken laws: {@code p1 [0]; 1: [2, 3] → reward 1.0; 2 behind 1:
 * [0]}. Found by jqwik through its service file.
 */
public final class TreeFormat implements SampleReportingFormat {

  @Override
  public boolean appliesTo(Object value) {
    return value instanceof RolloutTree
        || value instanceof TokenTree
        || value instanceof ScoredTrees;
  }

  @Override
  public Object report(Object value) {
    if (value instanceof RolloutTree tree) {
      return text(tree);
    }
    if (value instanceof TokenTree tree) {
      return "tokens "
          + Arrays.toString(tree.tokens())
          + " behind "
          + Arrays.toString(tree.parents());
    }
    return ((ScoredTrees) value).describe();
  }

  @Override
  public Optional<String> label(Object value) {
    return Optional.empty();
  }

  static String text(RolloutTree tree) {
    List<String> parts = new ArrayList<>();
    parts.add(tree.promptId() + " " + Arrays.toString(tree.promptTokens()));
    for (SegmentNode node : tree.nodes()) {
      StringBuilder part = new StringBuilder().append(node.id());
      if (node.parent() != 0) {
        part.append(" behind ").append(node.parent());
      }
      part.append(": ").append(Arrays.toString(node.tokens()));
      for (Trajectory trajectory : tree.trajectories()) {
        if (trajectory.leaf() == node.id()) {
          part.append(String.format(Locale.ROOT, " → reward %s", trajectory.reward()));
        }
      }
      parts.add(part.toString());
    }
    return String.join("; ", parts);
  }
}

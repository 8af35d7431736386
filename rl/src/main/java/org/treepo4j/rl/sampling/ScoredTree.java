package org.treepo4j.rl.sampling;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.Trajectory;

/**
 * A sampled tree with what its task is and how its trajectories did.
 *
 * @param task what was asked
 * @param tree its trajectories have rewards
 * @param scores by trajectory
 * @param responses texts by trajectory, without special tokens
 */
public record ScoredTree(Task task, RolloutTree tree, List<Score> scores, List<String> responses) {

  public ScoredTree {
    scores = List.copyOf(scores);
    responses = List.copyOf(responses);
  }

  /** A sampled tree whose trajectories get the values of their scores as rewards. */
  static ScoredTree of(Task task, RolloutTree tree, List<Score> scores, List<String> responses) {
    List<Trajectory> rewarded = new ArrayList<>();
    for (int t = 0; t < scores.size(); t++) {
      rewarded.add(tree.trajectories().get(t).withReward(scores.get(t).value()));
    }
    return new ScoredTree(task, tree.withTrajectories(rewarded), scores, responses);
  }

  /** Trajectories that solve the task. */
  public int correct() {
    return (int) scores.stream().filter(Score::correct).count();
  }

  /** Share of correct trajectories; NaN when there are none. */
  public static double accuracy(List<ScoredTree> trees) {
    long all = trees.stream().mapToLong(tree -> tree.scores().size()).sum();
    long correct = trees.stream().mapToLong(ScoredTree::correct).sum();
    return all == 0 ? Double.NaN : (double) correct / all;
  }

  /** Whether rewards differ, so that there is something to learn from comparing trajectories. */
  public boolean hasContrast() {
    return tree.trajectories().stream().mapToDouble(Trajectory::reward).distinct().count() > 1;
  }
}

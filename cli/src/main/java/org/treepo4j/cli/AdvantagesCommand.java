package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.TreeJsonlReader;
import org.treepo4j.rollout.TreeLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "advantages",
    mixinStandardHelpOptions = true,
    description =
        "Tree JSONL from stdin or a file, all lines one batch, to the same on stdout with"
            + " \"advantages\", one per response token, on every trajectory.")
final class AdvantagesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--estimator",
      required = true,
      paramLabel = "NAME",
      completionCandidates = EstimatorNames.class,
      description = "One of ${COMPLETION-CANDIDATES}.")
  private String estimator;

  @Option(
      names = "--set",
      paramLabel = "OPTION=VALUE",
      completionCandidates = EstimatorOptions.class,
      description = "An option of the estimator: ${COMPLETION-CANDIDATES}.")
  private Map<String, String> options = new LinkedHashMap<>();

  @Parameters(arity = "0..1", paramLabel = "FILE", description = "Tree JSONL; stdin when absent.")
  private Path file;

  /** The names that the registry has. */
  private static final class EstimatorNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return AdvantageEstimators.names().iterator();
    }
  }

  /** The options that the registry has. */
  private static final class EstimatorOptions implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return AdvantageEstimators.options().iterator();
    }
  }

  @Override
  public Integer call() throws Exception {
    AdvantageEstimator chosen;
    try {
      chosen = AdvantageEstimators.create(estimator, options);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
    List<TreeLine> lines = new ArrayList<>();
    try (TreeJsonlReader reader =
        file == null ? new TreeJsonlReader(System.in, "stdin") : TreeJsonlReader.open(file)) {
      for (Optional<TreeLine> line = reader.read(); line.isPresent(); line = reader.read()) {
        requireRewards(line.get().tree(), reader.line());
        lines.add(line.get());
      }
    }
    double[][][] advantages;
    try {
      advantages = chosen.checked().advantages(lines.stream().map(TreeLine::tree).toList());
    } catch (IllegalArgumentException | IllegalStateException e) { // not what the estimator needs
      throw new InputException(e.getMessage());
    }
    for (int i = 0; i < advantages.length; i++) {
      for (int t = 0; t < advantages[i].length; t++) {
        ArrayNode values = lines.get(i).trajectory(t).putArray("advantages");
        for (double advantage : advantages[i][t]) {
          values.add(advantage);
        }
      }
      spec.commandLine().getOut().println(JsonLines.JSON.writeValueAsString(lines.get(i).json()));
    }
    spec.commandLine().getOut().flush();
    return 0;
  }

  private void requireRewards(RolloutTree tree, long line) {
    tree.trajectories().stream()
        .filter(trajectory -> !Double.isFinite(trajectory.reward()))
        .findFirst()
        .ifPresent(
            trajectory -> {
              throw new InputException(
                  "%s line %d: reward of the trajectory to leaf %d: expected a number"
                      .formatted(file == null ? "stdin" : file, line, trajectory.leaf()));
            });
  }
}

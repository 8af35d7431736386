package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.rl.tasks.SyntheticTask;
import org.treepo4j.rl.tasks.SyntheticTasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "tasks",
    mixinStandardHelpOptions = true,
    description =
        "Makes problems of a synthetic task: JSON lines {\"prompt\": …, \"answer\": …} on stdout,"
            + " no prompt twice.")
final class TasksCommand implements Callable<Integer> {
  /** A task with fewer problems than were asked for must not be drawn from for ever. */
  private static final int MAX_REPEATS = 10_000;

  @Spec private CommandSpec spec;
  @Mixin private SeedMixin seed;

  @Parameters(paramLabel = "TASK", description = "chain-sums, countdown or ledger.")
  private String name;

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "How many problems; default ${DEFAULT-VALUE}.")
  private int count = 1000;

  @Override
  public Integer call() throws Exception {
    SyntheticTask task;
    try {
      task = SyntheticTasks.named(name);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
    SplittableRandom random = new SplittableRandom(seed.value());
    PrintWriter out = spec.commandLine().getOut();
    Set<String> prompts = new HashSet<>();
    int repeats = 0;
    while (prompts.size() < count) {
      SyntheticTask.Problem problem = task.problem(random);
      if (prompts.add(problem.prompt())) {
        ObjectNode line = JsonLines.JSON.createObjectNode();
        line.put("prompt", problem.prompt()).put("answer", problem.answer());
        out.println(JsonLines.JSON.writeValueAsString(line));
      } else if (++repeats > MAX_REPEATS) {
        throw new InputException(name + " has only about " + prompts.size() + " problems");
      }
    }
    out.flush();
    return 0;
  }
}

package org.treepo4j.report.comparison;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.treepo4j.base.files.WholeFile;

/**
 * A page that compares runs: a table of what each kind of run came to, learning curves over sampled
 * tokens, how fast they learn beside a baseline, and what training trees as trees saves.
 *
 * @param title of the page
 * @param notes paragraphs below the title
 * @param runs by what they have in common; several of one name are its seeds
 * @param baseline name of the runs that the others are held against, if any
 * @param timing two runs over the same trees, if there are such
 */
public record RunComparison(
    String title,
    List<String> notes,
    Map<String, List<FinishedRun>> runs,
    Optional<String> baseline,
    Optional<Timing> timing) {

  /**
   * Runs that differ in {@code trainer.treeTraining} only.
   *
   * @param trees trained as trees
   * @param flattened trained trajectory by trajectory
   */
  public record Timing(FinishedRun trees, FinishedRun flattened) {}

  /**
   * Writes the page and, beside it, its picture; the page alone to a device, a pipe or {@code
   * /dev/stdout}, which has no place beside it.
   *
   * @param page a Markdown file, replaced when it exists
   */
  public void write(Path page) throws IOException {
    if (WholeFile.isSpecial(page)) {
      WholeFile.write(page, markdown(Optional.empty()));
      return;
    }
    String name = page.getFileName().toString().replaceFirst("\\.md$", "");
    Path picture = page.resolveSibling(name + "-accuracy.svg");
    WholeFile.write(picture, curves().svg());
    WholeFile.write(page, markdown(Optional.of(picture.getFileName().toString())));
  }

  private LineChart curves() {
    List<LineChart.Series> series = new ArrayList<>();
    runs.forEach(
        (name, seeds) ->
            series.add(
                new LineChart.Series(
                    name, seeds.stream().map(FinishedRun::accuracyBySampledTokens).toList())));
    return new LineChart("held-out accuracy", "sampled tokens", "pass@1", series);
  }

  private String markdown(Optional<String> picture) {
    StringBuilder text = new StringBuilder("# " + title + "\n");
    notes.forEach(note -> text.append('\n').append(note).append('\n'));
    text.append(
        """

        Numbers are means over the seeds ± half of their 95 % confidence interval (Student's t).

        | runs | seeds | accuracy before | accuracy after | sampled tokens | computed tokens | trajectories | sampled / trajectory tokens | unique / flattened training tokens | steps | seconds |
        |---|---|---|---|---|---|---|---|---|---|---|
        """);
    runs.forEach((name, seeds) -> row(text, name, seeds));
    picture.ifPresent(
        file ->
            text.append(
                "\n![Held-out accuracy over sampled tokens: thin lines are runs, thick ones their mean](%s)\n"
                    .formatted(file)));
    baseline.ifPresent(name -> text.append(new AgainstBaseline(name, runs).markdown()));
    timing.ifPresent(runs -> timing(text, runs));
    return text.toString();
  }

  private static void row(StringBuilder text, String name, List<FinishedRun> seeds) {
    text.append("| %s | %d".formatted(name, seeds.size()));
    cell(text, seeds, run -> 100 * run.accuracyBefore(), "%.1f", " %");
    cell(text, seeds, run -> 100 * run.accuracyAfter(), "%.1f", " %");
    cell(text, seeds, run -> run.sum("sampled_tokens"), "%,.0f", "");
    cell(text, seeds, run -> run.sum("computed_tokens"), "%,.0f", "");
    cell(text, seeds, run -> run.sum("trajectories"), "%,.0f", "");
    cell(text, seeds, run -> share(run, "sampled_tokens", "trajectory_tokens"), "%.2f", "");
    cell(
        text,
        seeds,
        run -> share(run, "unique_training_tokens", "flattened_training_tokens"),
        "%.2f",
        "");
    cell(text, seeds, run -> run.steps().size(), "%.0f", "");
    cell(text, seeds, run -> run.sum("seconds"), "%,.0f", "");
    text.append(" |\n");
  }

  private static double share(FinishedRun run, String part, String whole) {
    return run.sum(part) / run.sum(whole);
  }

  private static void cell(
      StringBuilder text,
      List<FinishedRun> seeds,
      ToDoubleFunction<FinishedRun> value,
      String format,
      String unit) {
    text.append(" | ").append(MeanInterval.of(seeds, value).text(format)).append(unit);
  }

  private static void timing(StringBuilder text, Timing runs) {
    text.append(
        """

        ## Trees trained as trees
        The same trees, trained as trees and trajectory by trajectory (`trainer.treeTraining`); means over the steps after the first.

        | training | tokens computed per step | seconds of training per step | seconds per step |
        |---|---|---|---|
        """);
    double[] trees = timingRow(text, "trees", runs.trees());
    double[] flattened = timingRow(text, "flattened", runs.flattened());
    text.append(
        String.format(
            Locale.ROOT,
            "| flattened / trees | %.2f × | %.2f × | %.2f × |\n",
            flattened[0] / trees[0],
            flattened[1] / trees[1],
            flattened[2] / trees[2]));
  }

  private static double[] timingRow(StringBuilder text, String name, FinishedRun run) {
    double[] row = {
      run.warmMean("computed_training_tokens"),
      run.warmMean("update_seconds"),
      run.warmMean("seconds")
    };
    text.append(
        String.format(Locale.ROOT, "| %s | %,.0f | %.3f | %.3f |\n", name, row[0], row[1], row[2]));
    return row;
  }
}

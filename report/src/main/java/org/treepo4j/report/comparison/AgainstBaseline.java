package org.treepo4j.report.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.treepo4j.report.comparison.LineChart.Point;

/**
 * How fast runs learn beside a baseline: what each spends until it first reaches 90 % of the
 * baseline's final accuracy, its mean accuracy over the whole budget (the area under its curve
 * divided by the budget), and how far both differ from the baseline, seed by seed.
 *
 * @param baseline name of the runs the others are held against
 * @param runs by name, each at least one; the n-th run of every name has the same seed
 */
record AgainstBaseline(String baseline, Map<String, List<FinishedRun>> runs) {
  private static final double SHARE = 0.9;

  AgainstBaseline {
    if (!runs.containsKey(baseline)) {
      throw new IllegalArgumentException(
          "baseline must be one of " + String.join(", ", runs.keySet()) + ", was " + baseline);
    }
  }

  String markdown() {
    double threshold =
        SHARE
            * runs.get(baseline).stream()
                .mapToDouble(FinishedRun::accuracyAfter)
                .average()
                .orElse(Double.NaN);
    double budget = budget();
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            """

            ## Beside %s
            Spent until held-out accuracy first reaches %.1f %%, which is 90 %% of the final accuracy of %s (between two evaluations, on the line through them); the mean accuracy over the first %,.0f sampled tokens; and differences to %s seed by seed. Seconds are indicative: the machine may have been shared.

            | runs | reached by | sampled tokens | computed tokens | seconds | mean accuracy | difference of the mean accuracy | difference of the final accuracy |
            |---|---|---|---|---|---|---|---|
            """,
            baseline,
            100 * threshold,
            baseline,
            budget,
            baseline));
    List<String> different = new ArrayList<>();
    runs.forEach(
        (name, seeds) -> {
          text.append("| ").append(name).append(" | ").append(reached(seeds, threshold));
          for (String metric : List.of("sampled_tokens", "computed_tokens", "seconds")) {
            text.append(" | ").append(spent(seeds, metric, threshold));
          }
          text.append(" | ")
              .append(MeanInterval.of(areas(seeds, budget)).text("%.1f"))
              .append(" %");
          if (name.equals(baseline)) {
            text.append(" | | |\n");
            return;
          }
          MeanInterval area = areaDifference(seeds, budget);
          MeanInterval end = finalDifference(seeds);
          text.append(" | ").append(area.text("%+.1f")).append(" | ");
          text.append(end.text("%+.1f")).append(" |\n");
          finding(name, "mean accuracy", area, different);
          finding(name, "final accuracy", end, different);
        });
    return text.append('\n').append(findings(different)).append('\n').toString();
  }

  private String findings(List<String> different) {
    int comparisons = 2 * (runs.size() - 1);
    int seeds = runs.values().stream().mapToInt(List::size).min().orElse(0);
    String made =
        String.format(
            Locale.ROOT,
            "**Found.** Of %d differences to %s, each over %d seeds, ",
            comparisons,
            baseline,
            seeds);
    String chance =
        String.format(
            Locale.ROOT,
            " At 95 %% about %.1f of %d would leave zero by chance.",
            0.05 * comparisons,
            comparisons);
    if (seeds < 2) {
      return made + "none can be told from chance: an interval takes two seeds at least.";
    }
    if (different.isEmpty()) {
      return made
          + "none has an interval that leaves out zero: nothing was found, which with so few seeds"
          + " excludes large differences only."
          + chance;
    }
    return made
        + different.size()
        + (different.size() == 1 ? " has" : " have")
        + " an interval that leaves out zero: "
        + String.join("; ", different)
        + " (percentage points)."
        + chance;
  }

  private static void finding(
      String name, String what, MeanInterval difference, List<String> different) {
    if (difference.excludesZero()) {
      different.add(name + " " + what + " " + difference.text("%+.1f"));
    }
  }

  private static String reached(List<FinishedRun> seeds, double threshold) {
    long reached =
        seeds.stream()
            .filter(run -> firstReaching(run, "sampled_tokens", threshold).isPresent())
            .count();
    return reached + " of " + seeds.size();
  }

  /** Over those that reach it; an interval where all do, for the others' costs are not known. */
  private static String spent(List<FinishedRun> seeds, String metric, double threshold) {
    double[] costs =
        seeds.stream()
            .map(run -> firstReaching(run, metric, threshold))
            .filter(OptionalDouble::isPresent)
            .mapToDouble(OptionalDouble::getAsDouble)
            .toArray();
    if (costs.length == 0) {
      return "–";
    }
    MeanInterval mean = MeanInterval.of(costs);
    return costs.length == seeds.size()
        ? mean.text("%,.0f")
        : String.format(Locale.ROOT, "%,.0f where reached", mean.mean());
  }

  static OptionalDouble firstReaching(FinishedRun run, String metric, double threshold) {
    List<Point> curve = run.accuracyBy(metric);
    for (int i = 0; i < curve.size(); i++) {
      if (curve.get(i).y() >= threshold) {
        if (i == 0) {
          return OptionalDouble.of(curve.get(0).x());
        }
        Point before = curve.get(i - 1);
        double share = (threshold - before.y()) / (curve.get(i).y() - before.y());
        return OptionalDouble.of(before.x() + share * (curve.get(i).x() - before.x()));
      }
    }
    return OptionalDouble.empty();
  }

  /** Sampled tokens that every run has been measured to. */
  private double budget() {
    return runs.values().stream()
        .flatMap(List::stream)
        .map(FinishedRun::accuracyBySampledTokens)
        .mapToDouble(curve -> curve.isEmpty() ? 0 : curve.get(curve.size() - 1).x())
        .min()
        .orElse(0);
  }

  private static double[] areas(List<FinishedRun> seeds, double budget) {
    return seeds.stream()
        .mapToDouble(run -> 100 * meanUpTo(run.accuracyBySampledTokens(), budget))
        .toArray();
  }

  /** The mean of a curve from 0 to an x, by trapezoids. */
  static double meanUpTo(List<Point> curve, double end) {
    double area = 0;
    for (int i = 1; i < curve.size(); i++) {
      Point left = curve.get(i - 1);
      Point right = curve.get(i);
      double to = Math.min(right.x(), end);
      if (to > left.x()) {
        double share = (to - left.x()) / (right.x() - left.x());
        double y = left.y() + share * (right.y() - left.y());
        area += (to - left.x()) * (left.y() + y) / 2;
      }
    }
    return area / end;
  }

  private MeanInterval areaDifference(List<FinishedRun> seeds, double budget) {
    return differences(areas(seeds, budget), areas(runs.get(baseline), budget));
  }

  private MeanInterval finalDifference(List<FinishedRun> seeds) {
    return differences(finals(seeds), finals(runs.get(baseline)));
  }

  private static double[] finals(List<FinishedRun> seeds) {
    return seeds.stream().mapToDouble(run -> 100 * run.accuracyAfter()).toArray();
  }

  private static MeanInterval differences(double[] values, double[] others) {
    double[] differences = new double[Math.min(values.length, others.length)];
    for (int i = 0; i < differences.length; i++) {
      differences[i] = values[i] - others[i];
    }
    return MeanInterval.of(differences);
  }
}

package org.treepo4j.rl.advantage;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.treepo4j.rl.advantage.TreePoEstimator.Weighting;

/** The estimators by the names users give them, with options as the command line spells them. */
public final class AdvantageEstimators {
  private static final Map<String, Named> ESTIMATORS = new LinkedHashMap<>();

  /**
   * @param options their names on the command line
   * @param create reads its own options from the settings, and no others
   */
  private record Named(
      List<String> options, Function<AdvantageSettings, AdvantageEstimator.Explaining> create) {}

  static {
    add(
        "treepo",
        settings -> new TreePoEstimator(settings.weighting(), settings.subgroupRejection()),
        "weighting",
        "subgroup-rejection");
    add("segment-progress", settings -> new SegmentProgressEstimator(settings.eta()), "eta");
    add("spo", settings -> new SpoEstimator());
    add("grpo", settings -> new GrpoEstimator(settings.std()), "std");
    add("rloo", settings -> new RlooEstimator());
    add("reinforce++-baseline", settings -> new ReinforcePlusPlusBaselineEstimator());
  }

  private static void add(
      String name,
      Function<AdvantageSettings, AdvantageEstimator.Explaining> create,
      String... options) {
    ESTIMATORS.put(name, new Named(List.of(options), create));
  }

  private AdvantageEstimators() {}

  /** The names that exist. */
  public static List<String> names() {
    return List.copyOf(ESTIMATORS.keySet());
  }

  /**
   * An estimator with options, for instance {@code treepo} with {@code weighting=group_size}.
   *
   * @throws IllegalArgumentException for a name, option or value that does not exist; the message
   *     lists those that do
   */
  public static AdvantageEstimator.Explaining create(String name, Map<String, String> options) {
    List<String> known = ESTIMATORS.get(requireName(name)).options();
    for (String option : options.keySet()) {
      if (!known.contains(option)) {
        String has = known.isEmpty() ? "none" : String.join(", ", known);
        throw new IllegalArgumentException(
            "estimator " + name + " has no option " + option + "; it has " + has);
      }
    }
    AdvantageSettings defaults = AdvantageSettings.defaults();
    return create(
        new AdvantageSettings(
            name,
            weighting(options, defaults.weighting()),
            bool(options, "subgroup-rejection", defaults.subgroupRejection()),
            number(options, "eta", defaults.eta()),
            bool(options, "std", defaults.std())));
  }

  /** The estimator that settings describe; options of other estimators are not looked at. */
  public static AdvantageEstimator.Explaining create(AdvantageSettings settings) {
    return ESTIMATORS.get(settings.estimator()).create().apply(settings);
  }

  static String requireName(String name) {
    if (!ESTIMATORS.containsKey(name)) {
      throw new IllegalArgumentException(
          "estimator must be one of " + String.join(", ", names()) + ", was " + name);
    }
    return name;
  }

  private static Weighting weighting(Map<String, String> options, Weighting fallback) {
    String value = options.getOrDefault("weighting", fallback.name());
    return Arrays.stream(Weighting.values())
        .filter(weighting -> weighting.name().equalsIgnoreCase(value.replace('-', '_')))
        .findFirst()
        .orElseThrow(() -> wrong("weighting", "average or group_size", value));
  }

  private static boolean bool(Map<String, String> options, String option, boolean fallback) {
    String value = options.getOrDefault(option, String.valueOf(fallback));
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(option, "true or false", value);
    };
  }

  private static double number(Map<String, String> options, String option, double fallback) {
    String value = options.getOrDefault(option, String.valueOf(fallback));
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw wrong(option, "a number", value);
    }
  }

  private static IllegalArgumentException wrong(String option, String expected, String value) {
    return new IllegalArgumentException(option + " must be " + expected + ", was " + value);
  }
}

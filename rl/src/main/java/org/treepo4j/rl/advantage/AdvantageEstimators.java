package org.treepo4j.rl.advantage;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The estimators by the names users give them, with options as the command line spells them. */
public final class AdvantageEstimators {
  private static final Map<String, Named> ESTIMATORS = new LinkedHashMap<>();

  /**
   * An option as the command line has it.
   *
   * @param values what it may be, for help
   */
  private record Option(String name, String values) {}

  /**
   * @param create reads its own options from the settings, and no others
   */
  private record Named(
      List<Option> options, Function<AdvantageSettings, AdvantageEstimator.Explaining> create) {}

  static {
    add(
        "treepo",
        settings ->
            new TreePoEstimator(
                settings.weighting(), settings.subgroupRejection(), settings.subgroups()),
        new Option("weighting", "average|group_size"),
        new Option("subgroup-rejection", "true|false"),
        new Option("subgroups", "nodes|prefixes"));
    add(
        "segment-progress",
        settings -> new SegmentProgressEstimator(settings.eta()),
        new Option("eta", "NUMBER"));
    add("tree-grpo", settings -> new TreeGrpoEstimator());
    add("treerl", settings -> new TreeRlEstimator());
    add(
        "spo",
        settings -> new SpoEstimator(settings.siblingDeviation(), settings.probabilityMask()),
        new Option("sibling-deviation", "true|false"),
        new Option("probability-mask", "NUMBER"));
    add("spo-recipe", settings -> new SpoRecipeEstimator());
    add("grpo", settings -> new GrpoEstimator(settings.std()), new Option("std", "true|false"));
    add("rloo", settings -> new RlooEstimator());
    add("reinforce++-baseline", settings -> new ReinforcePlusPlusBaselineEstimator());
  }

  private static void add(
      String name,
      Function<AdvantageSettings, AdvantageEstimator.Explaining> create,
      Option... options) {
    ESTIMATORS.put(name, new Named(List.of(options), create));
  }

  private AdvantageEstimators() {}

  /** The names that exist. */
  public static List<String> names() {
    return List.copyOf(ESTIMATORS.keySet());
  }

  /** The options of all, for help: {@code weighting=average|group_size (treepo)}. */
  public static List<String> options() {
    return ESTIMATORS.entrySet().stream()
        .flatMap(
            estimator ->
                estimator.getValue().options().stream()
                    .map(
                        option ->
                            option.name()
                                + "="
                                + option.values()
                                + " ("
                                + estimator.getKey()
                                + ")"))
        .toList();
  }

  /**
   * An estimator with options, for instance {@code treepo} with {@code weighting=group_size}.
   *
   * @throws IllegalArgumentException for a name, option or value that does not exist; the message
   *     lists those that do
   */
  public static AdvantageEstimator.Explaining create(String name, Map<String, String> options) {
    List<String> known =
        ESTIMATORS.get(requireName(name)).options().stream().map(Option::name).toList();
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
            choice(options, "weighting", defaults.weighting()),
            bool(options, "subgroup-rejection", defaults.subgroupRejection()),
            choice(options, "subgroups", defaults.subgroups()),
            number(options, "eta", defaults.eta()),
            bool(options, "sibling-deviation", defaults.siblingDeviation()),
            number(options, "probability-mask", defaults.probabilityMask()),
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

  private static <E extends Enum<E>> E choice(
      Map<String, String> options, String option, E fallback) {
    String value = options.getOrDefault(option, fallback.name());
    E[] choices = fallback.getDeclaringClass().getEnumConstants();
    return Arrays.stream(choices)
        .filter(choice -> choice.name().equalsIgnoreCase(value.replace('-', '_')))
        .findFirst()
        .orElseThrow(
            () ->
                wrong(
                    option,
                    Arrays.stream(choices)
                        .map(choice -> choice.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(" or ")),
                    value));
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

package org.treepo4j.grading;

import java.util.List;
import org.treepo4j.base.settings.Setting;

/** How answers are found and compared: the {@code grading} settings. */
public record GradingSettings(
    @Setting("Where the final answer is looked for; the first rule that finds one decides.")
        List<ExtractionRule> extraction,
    @Setting(
            "Whether a decimal equals an exact value that rounds to it at its last digit: 0.67 for"
                + " 2/3. For tasks whose answers are rounded; otherwise only 0.666667 and longer"
                + " ones do.")
        boolean roundedDecimals,
    @Setting("Whether an answer counts that stands behind a <think> without end.")
        boolean unfinishedThoughts,
    @Setting(
            "Whether a number must be worked out: 3 + 76 is no answer then where 79 is asked for. A"
                + " policy that is paid for the first learns not to compute.")
        boolean workedOut) {

  public GradingSettings {
    extraction = List.copyOf(extraction);
    if (extraction.isEmpty()) {
      throw new IllegalArgumentException("extraction must name at least one rule");
    }
  }

  public static GradingSettings defaults() {
    return new GradingSettings(List.of(ExtractionRule.values()), false, false, false);
  }
}

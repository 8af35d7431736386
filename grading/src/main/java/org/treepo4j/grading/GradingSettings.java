package org.treepo4j.grading;

import java.util.List;
import org.treepo4j.base.settings.Setting;

/** How answers are found in solutions: the {@code grading} settings. */
public record GradingSettings(
    @Setting("Where the final answer is looked for; the first rule that finds one decides.")
        List<ExtractionRule> extraction) {

  public GradingSettings {
    extraction = List.copyOf(extraction);
    if (extraction.isEmpty()) {
      throw new IllegalArgumentException("extraction must name at least one rule");
    }
  }

  public static GradingSettings defaults() {
    return new GradingSettings(List.of(ExtractionRule.values()));
  }
}

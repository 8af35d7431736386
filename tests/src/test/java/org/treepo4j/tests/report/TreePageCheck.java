package org.treepo4j.tests.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Holds the open tree browser against the line of the file it shows, for a run with the estimator
 * {@code treepo} and plain averaging: every trajectory is selected, and its comparisons with its
 * sub-groups, their average and the whitened advantage are read off the page.
 */
final class TreePageCheck {
  private final Browser browser;
  private final JsonNode tree;
  private final Map<Integer, List<Integer>> paths = new HashMap<>(Map.of(0, List.of(0)));

  private TreePageCheck(Browser browser, JsonNode tree) {
    this.browser = browser;
    this.tree = tree;
    for (JsonNode node : tree.path("nodes")) {
      List<Integer> path = new ArrayList<>(paths.get(node.path("parent").asInt()));
      path.add(node.path("id").asInt());
      paths.put(node.path("id").asInt(), path);
    }
  }

  /**
   * @param browser where the tree is open
   * @param tree the line of the run's {@code trees/step-….jsonl}
   */
  static void assertShows(Browser browser, JsonNode tree) {
    TreePageCheck check = new TreePageCheck(browser, tree);
    assertThat(browser.all("[data-node]")).hasSize(tree.path("nodes").size() + 1);
    assertThat(browser.all("[data-node] .segment-text")).isNotEmpty();
    for (JsonNode trajectory : tree.path("trajectories")) {
      check.assertShows(trajectory, check.select(trajectory.path("leaf").asInt()));
    }
  }

  /** Clicks a node and reads the panel: texts by name, {@code term0} for depth 0. */
  private Map<?, ?> select(int node) {
    return (Map<?, ?>)
        browser.run(
            """
            const item = document.querySelector(`[data-node='${arguments[0]}']`);
            item.dispatchEvent(new Event('click'));
            const text = css => document.querySelector(css)?.textContent;
            const shown = {
              raw: text('#raw-advantage'), stored: text('#stored-advantage'), alone: text('#alone'),
              whitened: text('#whitened-advantage'), verdict: text('.verdict'),
              formula: text('#formula'),
              selected: document.querySelector('[aria-selected=true][data-node]').dataset.node,
            };
            for (const line of document.querySelectorAll('.line[data-depth]')) {
              shown['term' + line.dataset.depth] = line.querySelector('.term').textContent;
            }
            return shown;
            """,
            node);
  }

  private void assertShows(JsonNode trajectory, Map<?, ?> shown) {
    double reward = trajectory.path("reward").asDouble();
    List<Integer> path = paths.get(trajectory.path("leaf").asInt());
    double sum = 0;
    int kept = 0;
    for (int depth = 0; depth < path.size() - 1; depth++) {
      List<Double> group = rewardsThrough(path.get(depth));
      double mean = group.stream().mapToDouble(r -> r).average().orElseThrow();
      if (depth == 0 || group.size() > 1) {
        assertThat(number(shown.get("term" + depth))).isCloseTo(reward - mean, within(6e-5));
        sum += reward - mean;
        kept++;
      } else {
        assertThat(shown.get("term" + depth)).isNull();
        assertThat((String) shown.get("alone")).contains("left out");
      }
    }
    assertThat(number(shown.get("raw"))).isCloseTo(sum / kept, within(6e-5));
    double stored = trajectory.path("advantages").path(0).asDouble();
    assertThat(number(shown.get("stored"))).isCloseTo(stored, within(6e-4));
    if (shown.get("whitened") != null) {
      assertThat(number(shown.get("whitened"))).isCloseTo(stored, within(6e-4));
    }
    assertThat(((String) shown.get("verdict")).contains("not correct"))
        .isNotEqualTo(trajectory.path("correct").asBoolean());
    assertThat((String) shown.get("formula")).doesNotContain("works differently");
    assertThat(shown.get("selected")).isEqualTo(trajectory.path("leaf").asText());
  }

  private static double number(Object text) {
    return Browser.number((String) text);
  }

  private List<Double> rewardsThrough(int node) {
    List<Double> rewards = new ArrayList<>();
    for (JsonNode trajectory : tree.path("trajectories")) {
      if (paths.get(trajectory.path("leaf").asInt()).contains(node)) {
        rewards.add(trajectory.path("reward").asDouble());
      }
    }
    return rewards;
  }
}

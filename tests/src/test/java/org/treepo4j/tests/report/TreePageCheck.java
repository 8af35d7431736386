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
      check.select(trajectory.path("leaf").asInt());
      check.assertShows(trajectory);
    }
  }

  private void select(int node) {
    String item = "[data-node='" + node + "']";
    browser.run("document.querySelector(arguments[0]).dispatchEvent(new Event('click'))", item);
    assertThat(browser.find(item).getDomAttribute("aria-selected")).isEqualTo("true");
  }

  private void assertShows(JsonNode trajectory) {
    double reward = trajectory.path("reward").asDouble();
    List<Integer> path = paths.get(trajectory.path("leaf").asInt());
    double sum = 0;
    int kept = 0;
    for (int depth = 0; depth < path.size() - 1; depth++) {
      List<Double> group = rewardsThrough(path.get(depth));
      double mean = group.stream().mapToDouble(r -> r).average().orElseThrow();
      String line = ".line[data-depth='" + depth + "']";
      if (depth == 0 || group.size() > 1) {
        assertThat(browser.number(line + " .term")).isCloseTo(reward - mean, within(6e-5));
        sum += reward - mean;
        kept++;
      } else {
        assertThat(browser.text(line)).contains("left out");
      }
    }
    assertThat(browser.number("#raw-advantage")).isCloseTo(sum / kept, within(6e-5));
    double stored = trajectory.path("advantages").path(0).asDouble();
    assertThat(browser.number("#stored-advantage")).isCloseTo(stored, within(6e-4));
    if (!browser.all("#whitened-advantage").isEmpty()) {
      assertThat(browser.number("#whitened-advantage")).isCloseTo(stored, within(6e-4));
    }
    assertThat(browser.text(".verdict").contains("not correct"))
        .isNotEqualTo(trajectory.path("correct").asBoolean());
    assertThat(browser.text("#formula")).doesNotContain("works differently");
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

package org.treepo4j.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.TreeJsonlReader;
import org.treepo4j.testsupport.SharedData;

/** The values that the TreePO authors' own functions give. */
class AdvantageReferenceTest {

  @Test
  void everyEstimatorAgreesWithTheAuthorsFunctions() throws IOException {
    JsonNode cases =
        new ObjectMapper().readTree(SharedData.require("rl/advantages_shared.json").toFile());
    int compared = 0;
    for (JsonNode one : cases) {
      List<RolloutTree> batch = new ArrayList<>();
      for (JsonNode tree : one.get("trees")) {
        batch.add(tree(tree));
      }
      for (Map.Entry<String, JsonNode> expected : one.get("expected").properties()) {
        compare(
            one.get("case") + " " + expected.getKey(),
            batch,
            expected.getValue(),
            estimator(expected.getKey()));
        compared++;
      }
    }
    assertThat(compared).isPositive();
  }

  private static void compare(
      String name, List<RolloutTree> batch, JsonNode expected, AdvantageEstimator estimator) {
    int row = 0;
    for (double[][] tree : estimator.advantages(batch)) {
      for (double[] tokens : tree) {
        assertThat(tokens).as(name).hasSize(expected.get(row).size());
        for (int t = 0; t < tokens.length; t++) {
          assertThat(tokens[t])
              .as("%s, row %d, token %d", name, row, t)
              .isCloseTo(expected.get(row).get(t).doubleValue(), within(1e-6));
        }
        row++;
      }
    }
    assertThat(row).as(name).isEqualTo(expected.size());
  }

  private static AdvantageEstimator estimator(String key) {
    String[] words = key.split(" ");
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 1; i < words.length; i++) {
      String[] option = words[i].split("=");
      options.put(option[0], option[1]);
    }
    // The authors' functions are the recipe's; what they call spo is not the SPO authors' own.
    String name = words[0].equals("spo") ? "spo-recipe" : words[0];
    return AdvantageEstimators.create(name, options);
  }

  private static RolloutTree tree(JsonNode json) throws IOException {
    InputStream line = new ByteArrayInputStream(json.toString().getBytes(StandardCharsets.UTF_8));
    try (TreeJsonlReader reader = new TreeJsonlReader(line, "reference")) {
      return reader.read().orElseThrow().tree();
    }
  }
}

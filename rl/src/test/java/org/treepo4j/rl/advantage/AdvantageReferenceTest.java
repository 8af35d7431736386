package org.treepo4j.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;
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
      one.get("trees").forEach(tree -> batch.add(tree(tree)));
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
    return AdvantageEstimators.create(words[0], options);
  }

  private static RolloutTree tree(JsonNode json) {
    List<SegmentNode> nodes = new ArrayList<>();
    for (JsonNode node : json.get("nodes")) {
      int[] tokens = ints(node.get("tokens"));
      double[] none = new double[tokens.length];
      nodes.add(
          new SegmentNode(
              node.get("id").intValue(), node.get("parent").intValue(), tokens, none, none, none));
    }
    List<Trajectory> trajectories = new ArrayList<>();
    for (JsonNode trajectory : json.get("trajectories")) {
      trajectories.add(
          new Trajectory(
              trajectory.get("leaf").intValue(),
              FinishReason.valueOf(trajectory.get("finish").textValue()),
              trajectory.get("reward").doubleValue()));
    }
    return new RolloutTree(
        json.get("prompt_id").textValue(), ints(json.get("prompt_tokens")), nodes, trajectories);
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }
}

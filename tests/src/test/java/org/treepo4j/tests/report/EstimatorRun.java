package org.treepo4j.tests.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;

/** A run directory of one step with known trees and the advantages an estimator gives them. */
final class EstimatorRun {
  private static final ObjectMapper JSON = new ObjectMapper();

  private EstimatorRun() {}

  /**
   * @param trees of one batch, tree JSONL objects
   * @param estimator its name, then its options: {@code treepo weighting=average
   *     subgroup-rejection=true}
   * @param advantages by trajectory and response token, trajectories of all trees in a row
   */
  static void write(Path folder, JsonNode trees, String estimator, JsonNode advantages)
      throws IOException {
    Files.createDirectories(folder.resolve("trees"));
    String[] words = estimator.split(" ");
    StringBuilder settings = new StringBuilder("advantage:\n  estimator: " + words[0] + "\n");
    for (int i = 1; i < words.length; i++) {
      String[] option = words[i].split("=");
      String name = option[0].equals("subgroup-rejection") ? "subgroupRejection" : option[0];
      settings.append("  ").append(name).append(": ").append(option[1]).append('\n');
    }
    Files.writeString(folder.resolve("settings.yaml"), settings);
    StringBuilder lines = new StringBuilder();
    Iterator<JsonNode> next = advantages.iterator();
    for (JsonNode tree : trees) {
      JsonNode copy = tree.deepCopy();
      for (JsonNode trajectory : copy.path("trajectories")) {
        ((ObjectNode) trajectory).set("advantages", next.next());
      }
      lines.append(JSON.writeValueAsString(copy)).append('\n');
    }
    Files.writeString(folder.resolve("trees/step-000001.jsonl"), lines);
  }
}

package org.treepo4j.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.treepo4j.rollout.FinishReason;

/**
 * A line of tree JSONL as the page wants it: checked, so that the page need not be, and short. Log
 * probabilities and entropies keep 4 decimal places, rewards and advantages 6; the model's own log
 * probabilities are left out where they equal the sampling ones, and advantages are written once
 * where they are the same for a whole trajectory or segment.
 */
final class TreeEncoder {
  private final String place;
  private final Map<Integer, Integer> tokensTo = new HashMap<>(Map.of(0, 0));
  private final Map<Integer, Integer> parents = new HashMap<>();
  private final Set<Integer> leaves = new HashSet<>();

  private TreeEncoder(String place) {
    this.place = place;
  }

  /**
   * The short form of a tree.
   *
   * @param tree the line as read
   * @param place names the line in messages
   * @throws ReportException if it is not a tree
   */
  static ObjectNode encode(JsonNode tree, String place) throws ReportException {
    return new TreeEncoder(place).tree(tree);
  }

  private ObjectNode tree(JsonNode tree) throws ReportException {
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    out.put("id", tree.path("prompt_id").asText(""));
    int promptTokens = array(tree, "prompt_tokens").size();
    copyText(tree, "prompt_text", out, "prompt");
    copyText(tree, "answer", out, "answer");
    pieces(tree, "prompt_pieces", promptTokens, "prompt", out);
    out.set("tokens", integers(array(tree, "prompt_tokens"), "prompt_tokens"));
    ArrayNode nodes = out.putArray("nodes");
    for (JsonNode node : array(tree, "nodes")) {
      nodes.add(node(node));
    }
    ArrayNode trajectories = out.putArray("trajectories");
    for (JsonNode trajectory : array(tree, "trajectories")) {
      trajectories.add(trajectory(trajectory));
    }
    return out;
  }

  private ObjectNode node(JsonNode node) throws ReportException {
    int id = integer(node, "id");
    int parent = integer(node, "parent");
    if (id <= 0 || tokensTo.containsKey(id)) {
      throw wrong("node id " + id + " must be positive and unique");
    }
    if (!tokensTo.containsKey(parent)) {
      throw wrong("node " + id + " stands before its parent " + parent);
    }
    String name = "node " + id;
    ArrayNode tokens = integers(array(node, "tokens"), "tokens of " + name);
    if (tokens.isEmpty()) {
      throw wrong(name + " must hold at least one token");
    }
    tokensTo.put(id, tokensTo.get(parent) + tokens.size());
    parents.put(id, parent);
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    out.put("id", id).put("parent", parent);
    out.set("tokens", tokens);
    pieces(node, "pieces", tokens.size(), name, out);
    numbers(node, "logprobs", tokens.size(), name, out);
    numbers(node, "entropies", tokens.size(), name, out);
    numbers(node, "model_logprobs", tokens.size(), name, out);
    if (out.path("model_logprobs").equals(out.path("logprobs"))) {
      out.remove("model_logprobs");
    }
    if (node.path("fallback").asBoolean(false)) {
      out.put("fallback", true);
    }
    return out;
  }

  private ObjectNode trajectory(JsonNode trajectory) throws ReportException {
    int leaf = integer(trajectory, "leaf");
    if (leaf == 0 || !tokensTo.containsKey(leaf)) {
      throw wrong("trajectory ends at no node: " + leaf);
    }
    if (!leaves.add(leaf)) {
      throw wrong("two trajectories end at node " + leaf);
    }
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    out.put("leaf", leaf);
    String finish = trajectory.path("finish").asText("");
    boolean known = Arrays.stream(FinishReason.values()).anyMatch(r -> r.name().equals(finish));
    out.put("finish", known ? finish : FinishReason.UNFINISHED.name());
    JsonNode reward = trajectory.path("reward");
    out.set("reward", Numbers.rounded(reward.isNumber() ? reward.asDouble() : Double.NaN, 6));
    if (trajectory.path("correct").isBoolean()) {
      out.put("correct", trajectory.path("correct").asBoolean());
    }
    advantages(trajectory, leaf, out);
    return out;
  }

  /** One number where all tokens have the same advantage, one per segment, or one per token. */
  private void advantages(JsonNode trajectory, int leaf, ObjectNode out) throws ReportException {
    numbers(trajectory, "advantages", tokensTo.get(leaf), "the trajectory to node " + leaf, out);
    JsonNode values = out.path("advantages");
    if (values.isEmpty()) {
      return;
    }
    ArrayDeque<JsonNode> bySegment = new ArrayDeque<>();
    for (int node = leaf; node != 0; node = parents.get(node)) {
      int from = tokensTo.get(parents.get(node));
      if (!sameBetween(values, from, tokensTo.get(node))) {
        return;
      }
      bySegment.addFirst(values.get(from));
    }
    if (sameBetween(values, 0, values.size())) {
      out.set("advantages", values.get(0));
    } else {
      out.remove("advantages");
      out.putArray("segment_advantages").addAll(bySegment);
    }
  }

  private static boolean sameBetween(JsonNode values, int from, int to) {
    for (int i = from + 1; i < to; i++) {
      if (!values.get(i).equals(values.get(from))) {
        return false;
      }
    }
    return true;
  }

  private void pieces(JsonNode from, String field, int size, String name, ObjectNode out)
      throws ReportException {
    if (!from.has(field)) {
      return;
    }
    JsonNode texts = array(from, field);
    sameSize(texts, field, size, name);
    ArrayNode pieces = out.putArray("pieces");
    texts.forEach(text -> pieces.add(text.asText("")));
  }

  private void numbers(JsonNode from, String field, int size, String name, ObjectNode out)
      throws ReportException {
    if (!from.hasNonNull(field)) {
      return;
    }
    JsonNode values = array(from, field);
    sameSize(values, field, size, name);
    int places = field.equals("advantages") ? 6 : 4;
    ArrayNode rounded = out.putArray(field);
    values.forEach(
        value ->
            rounded.add(Numbers.rounded(value.isNumber() ? value.asDouble() : Double.NaN, places)));
  }

  private ArrayNode integers(JsonNode values, String name) throws ReportException {
    ArrayNode out = JsonNodeFactory.instance.arrayNode(values.size());
    for (JsonNode value : values) {
      if (!value.isIntegralNumber()) {
        throw wrong(name + " must be token ids, found " + value);
      }
      out.add(value.asInt());
    }
    return out;
  }

  private JsonNode array(JsonNode from, String field) throws ReportException {
    JsonNode value = from.path(field);
    if (!value.isArray()) {
      throw wrong(field + " must be an array");
    }
    return value;
  }

  private int integer(JsonNode from, String field) throws ReportException {
    JsonNode value = from.path(field);
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw wrong(field + " must be a whole number");
    }
    return value.asInt();
  }

  private void sameSize(JsonNode values, String field, int size, String name)
      throws ReportException {
    if (values.size() != size) {
      throw wrong(field + " of " + name + " must have " + size + " values, had " + values.size());
    }
  }

  private static void copyText(JsonNode from, String field, ObjectNode out, String as) {
    if (from.hasNonNull(field)) {
      out.put(as, from.path(field).asText(""));
    }
  }

  private ReportException wrong(String what) {
    return new ReportException(place + ": " + what);
  }
}

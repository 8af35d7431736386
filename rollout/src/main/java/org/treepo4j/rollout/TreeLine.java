package org.treepo4j.rollout;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One line of a tree file: the tree, and the JSON object it is written as. Fields this project does
 * not know stay in the JSON, on the line, its nodes and its trajectories; callers add their own
 * ({@code "advantages"}, {@code "pieces"}) through {@link #json}, {@link #node} and {@link
 * #trajectory}.
 *
 * <p>Fields of the format (architecture page, “Tree JSONL”), in its order: {@code prompt_id},
 * {@code prompt_tokens}, {@code nodes} of {@code id, parent, tokens, logprobs, model_logprobs,
 * entropies, branch, fallback, loss_mask}, {@code trajectories} of {@code leaf, finish, reward}.
 * When reading, all of a node but {@code id, parent, tokens} and all of a trajectory but {@code
 * leaf} may be absent; when writing, what is unknown is left out.
 */
public final class TreeLine {
  private final RolloutTree tree;
  private final ObjectNode json;

  private TreeLine(RolloutTree tree, ObjectNode json) {
    this.tree = tree;
    this.json = json;
  }

  /** The line of a tree, with the fields of the format only. */
  public static TreeLine of(RolloutTree tree) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("prompt_id", tree.promptId());
    putInts(json, "prompt_tokens", tree.promptTokens());
    ArrayNode nodes = json.putArray("nodes");
    for (SegmentNode node : tree.nodes()) {
      ObjectNode object = nodes.addObject();
      object.put("id", node.id());
      object.put("parent", node.parent());
      putInts(object, "tokens", node.tokens());
      putKnown(object, "logprobs", node.logprobs());
      putKnown(object, "model_logprobs", node.modelLogprobs());
      putKnown(object, "entropies", node.entropies());
      if (node.branch() > 0) {
        object.put("branch", node.branch());
      }
      if (node.fallback()) {
        object.put("fallback", true);
      }
      if (node.learnedTokens() < node.tokens().length) {
        ArrayNode mask = object.putArray("loss_mask");
        for (boolean learned : node.learned()) {
          mask.add(learned ? 1 : 0);
        }
      }
    }
    ArrayNode trajectories = json.putArray("trajectories");
    for (Trajectory trajectory : tree.trajectories()) {
      ObjectNode object = trajectories.addObject();
      object.put("leaf", trajectory.leaf());
      object.put("finish", trajectory.finish().name());
      if (!Double.isNaN(trajectory.reward())) {
        object.put("reward", trajectory.reward());
      }
    }
    return new TreeLine(tree, json);
  }

  /**
   * The tree of a JSON object, which is kept.
   *
   * @throws IllegalArgumentException in one line, when the object is no tree
   */
  static TreeLine parse(ObjectNode json) {
    JsonNode id = Fields.required(json, "prompt_id", "the tree");
    List<SegmentNode> nodes = new ArrayList<>();
    for (ObjectNode node : Fields.objects(json, "nodes", "the tree")) {
      nodes.add(node(node));
    }
    List<Trajectory> trajectories = new ArrayList<>();
    for (ObjectNode trajectory : Fields.objects(json, "trajectories", "the tree")) {
      trajectories.add(trajectory(trajectory));
    }
    int[] promptTokens = Fields.ints(json, "prompt_tokens", "the tree");
    return new TreeLine(new RolloutTree(id.asText(), promptTokens, nodes, trajectories), json);
  }

  public RolloutTree tree() {
    return tree;
  }

  /** The whole line; changes are written. */
  public ObjectNode json() {
    return json;
  }

  /** The JSON of a node, by its index in {@link RolloutTree#nodes}. */
  public ObjectNode node(int index) {
    return (ObjectNode) json.get("nodes").get(index);
  }

  /** The JSON of a trajectory, by its index in {@link RolloutTree#trajectories}. */
  public ObjectNode trajectory(int index) {
    return (ObjectNode) json.get("trajectories").get(index);
  }

  private static SegmentNode node(ObjectNode json) {
    int id = Fields.integer(json, "id", "a node");
    String place = "node " + id;
    int[] tokens = Fields.ints(json, "tokens", place);
    return new SegmentNode(
        id,
        Fields.integer(json, "parent", place),
        tokens,
        Fields.doubles(json, "logprobs", tokens.length, place),
        Fields.doubles(json, "model_logprobs", tokens.length, place),
        Fields.doubles(json, "entropies", tokens.length, place),
        json.hasNonNull("branch") ? Fields.integer(json, "branch", place) : 0,
        json.path("fallback").asBoolean(false),
        lossMask(json, tokens.length, place));
  }

  /**
   * 1 for every token the policy chose, 0 for one it was given; all 1 where the field is absent.
   */
  private static boolean[] lossMask(ObjectNode json, int tokens, String place) {
    boolean[] learned = new boolean[tokens];
    if (!json.hasNonNull("loss_mask")) {
      Arrays.fill(learned, true);
      return learned;
    }
    int[] mask = Fields.ints(json, "loss_mask", place);
    if (mask.length != tokens) {
      throw new IllegalArgumentException(
          place + ": loss_mask must have " + tokens + " values, had " + mask.length);
    }
    for (int t = 0; t < tokens; t++) {
      if (mask[t] > 1) {
        throw new IllegalArgumentException(place + ": loss_mask must be 0 or 1, was " + mask[t]);
      }
      learned[t] = mask[t] == 1;
    }
    return learned;
  }

  private static Trajectory trajectory(ObjectNode json) {
    int leaf = Fields.integer(json, "leaf", "a trajectory");
    String place = "trajectory to " + leaf;
    FinishReason finish = FinishReason.UNFINISHED;
    if (json.hasNonNull("finish")) {
      String name = json.get("finish").asText();
      finish =
          Arrays.stream(FinishReason.values())
              .filter(reason -> reason.name().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          place
                              + ": finish must be one of "
                              + Arrays.toString(FinishReason.values())
                              + ", was "
                              + Fields.shown(json.get("finish"))));
    }
    return new Trajectory(leaf, finish, Fields.number(json, "reward", place));
  }

  private static void putInts(ObjectNode object, String name, int[] values) {
    ArrayNode array = object.putArray(name);
    for (int value : values) {
      array.add(value);
    }
  }

  private static void putKnown(ObjectNode object, String name, double[] values) {
    if (Arrays.stream(values).allMatch(Double::isFinite)) {
      ArrayNode array = object.putArray(name);
      for (double value : values) {
        array.add(value);
      }
    }
  }
}

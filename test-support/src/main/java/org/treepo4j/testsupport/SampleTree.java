package org.treepo4j.testsupport;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A tree of a simulated policy on one chain sum, sampled as TreePO samples. */
final class SampleTree {
  private static final int WIDTH = 8;
  private static final int SEGMENT_LENGTH = 8;
  private static final int MAX_DEPTH = 7;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String VOCABULARY = "0123456789+-=;{}";

  static final class Node {
    final int id;
    final int parent;
    final int depth;
    final boolean fallback;
    final List<String> pieces = new ArrayList<>();
    final List<Double> logprobs = new ArrayList<>();
    final List<Double> entropies = new ArrayList<>();
    SampleWriter state;

    Node(int id, Node parent, boolean fallback, SampleWriter state) {
      this.id = id;
      this.parent = parent == null ? 0 : parent.id;
      this.depth = parent == null ? 1 : parent.depth + 1;
      this.fallback = fallback;
      this.state = state;
    }
  }

  static final class Path {
    final List<Node> nodes;
    final String finish;
    final boolean correct;
    double reward;
    double advantage;

    Path(List<Node> nodes, String finish, boolean correct) {
      this.nodes = nodes;
      this.finish = finish;
      this.correct = correct;
      this.reward = correct ? 1 : 0;
    }

    int tokens() {
      return nodes.stream().mapToInt(n -> n.pieces.size()).sum();
    }
  }

  private final String promptId;
  private final SampleSum sum;
  private final double mistakes;
  private final SplittableRandom random;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Path> finished = new ArrayList<>();

  private SampleTree(String promptId, SampleSum sum, double mistakes, SplittableRandom random) {
    this.promptId = promptId;
    this.sum = sum;
    this.mistakes = mistakes;
    this.random = random;
  }

  static SampleTree grow(String promptId, double mistakes, SplittableRandom random) {
    SampleTree tree = new SampleTree(promptId, SampleSum.draw(random), mistakes, random);
    tree.grow();
    return tree;
  }

  private void grow() {
    List<List<Node>> active = new ArrayList<>();
    int initial = random.nextInt(1, 4);
    for (int i = 0; i < initial; i++) {
      active.add(List.of(child(List.of(), false)));
    }
    while (!active.isEmpty() || finished.size() < WIDTH) {
      if (active.isEmpty()) {
        active.add(fallback());
      }
      List<List<Node>> going = new ArrayList<>();
      for (List<Node> path : active) {
        String finish = path.get(path.size() - 1).state.finish(path.size() >= MAX_DEPTH);
        if (finish == null) {
          going.add(path);
        } else {
          boolean correct = path.get(path.size() - 1).state.correct();
          finished.add(new Path(path, finish, correct));
        }
      }
      active = diverge(going);
    }
  }

  private List<List<Node>> diverge(List<List<Node>> going) {
    int budget = Math.max(going.size(), Math.min(WIDTH - finished.size(), 2 * going.size()));
    List<List<Node>> next = new ArrayList<>();
    for (int i = 0; i < going.size(); i++) {
      int children = budget / going.size() + (i == going.size() - 1 ? budget % going.size() : 0);
      for (int k = 0; k < children; k++) {
        next.add(extended(going.get(i), child(going.get(i), false)));
      }
    }
    return next;
  }

  /** Cuts a finished trajectory at a segment border, or begins again. */
  private List<Node> fallback() {
    List<Node> donor = finished.get(random.nextInt(finished.size())).nodes;
    List<Node> kept = donor.subList(0, random.nextInt(donor.size()));
    return extended(kept, child(kept, true));
  }

  private Node child(List<Node> path, boolean fallback) {
    Node parent = path.isEmpty() ? null : path.get(path.size() - 1);
    SampleWriter state = parent == null ? new SampleWriter(sum) : parent.state.copy();
    Node node = new Node(nodes.size() + 1, parent, fallback, state);
    nodes.add(node);
    for (int i = 0; i < SEGMENT_LENGTH && !state.ended(); i++) {
      SampleWriter.Token token = state.next(mistakes, random);
      node.pieces.add(token.piece());
      node.logprobs.add(token.logprob());
      node.entropies.add(token.entropy());
    }
    return node;
  }

  private static List<Node> extended(List<Node> path, Node node) {
    List<Node> longer = new ArrayList<>(path);
    longer.add(node);
    return longer;
  }

  List<Path> trajectories() {
    return finished;
  }

  int sampledTokens() {
    return nodes.stream().mapToInt(n -> n.pieces.size()).sum();
  }

  int trajectoryTokens() {
    return finished.stream().mapToInt(Path::tokens).sum();
  }

  long fallbacks() {
    return nodes.stream().filter(n -> n.fallback).count();
  }

  ObjectNode toJson(int step) {
    ObjectNode line = JSON.createObjectNode().put("prompt_id", promptId).put("step", step);
    line.put("prompt_text", sum.prompt()).put("answer", Integer.toString(sum.answer()));
    List<String> promptPieces = List.of(sum.prompt().split(""));
    line.set("prompt_tokens", ids(promptPieces));
    line.set("prompt_pieces", JSON.valueToTree(promptPieces));
    ArrayNode nodeList = line.putArray("nodes");
    for (Node node : nodes) {
      ObjectNode out = nodeList.addObject().put("id", node.id).put("parent", node.parent);
      out.set("tokens", ids(node.pieces));
      out.set("logprobs", JSON.valueToTree(node.logprobs));
      out.set("model_logprobs", JSON.valueToTree(node.logprobs));
      out.set("entropies", JSON.valueToTree(node.entropies));
      out.set("pieces", JSON.valueToTree(node.pieces));
      if (node.fallback) {
        out.put("fallback", true);
      }
    }
    ArrayNode trajectories = line.putArray("trajectories");
    for (Path path : finished) {
      ObjectNode out =
          trajectories.addObject().put("leaf", path.nodes.get(path.nodes.size() - 1).id);
      out.put("finish", path.finish).put("reward", path.reward).put("correct", path.correct);
      ArrayNode advantages = out.putArray("advantages");
      for (int i = 0; i < path.tokens(); i++) {
        advantages.add(path.advantage);
      }
    }
    return line;
  }

  private static ArrayNode ids(List<String> pieces) {
    ArrayNode ids = JSON.createArrayNode();
    for (String piece : pieces) {
      int known = piece.length() == 1 ? VOCABULARY.indexOf(piece) : -1;
      ids.add(known >= 0 ? known + 3 : piece.startsWith("\\") ? 19 : 2);
    }
    return ids;
  }
}

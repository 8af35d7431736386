package org.treepo4j.spark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.data.ChatMessage;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.FinishReason;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SegmentNode;
import org.treepo4j.rollout.Trajectory;

/**
 * Tasks and trees as bytes between driver and executors: what is in them and nothing that follows
 * from it, every number with all its bits. Both sides run the same version, so there is no format
 * to keep.
 */
final class TreeCodec {
  private TreeCodec() {}

  /** Writes one thing. */
  @FunctionalInterface
  private interface Writing {
    void to(DataOutputStream out) throws IOException;
  }

  /** Reads one thing. */
  @FunctionalInterface
  private interface Reading<T> {
    T from(DataInputStream in) throws IOException;
  }

  static byte[] task(Task task) {
    return bytes(
        out -> {
          text(out, task.id());
          text(out, task.answer());
          text(out, task.category());
          text(out, task.source());
          List<ChatMessage> messages =
              task.prompt() instanceof Prompt.Conversation talk ? talk.messages() : List.of();
          out.writeInt(messages.size());
          for (ChatMessage message : messages) {
            text(out, message.role());
            text(out, message.content());
          }
          if (messages.isEmpty()) {
            text(out, task.prompt().text());
          }
        });
  }

  static Task task(byte[] bytes) {
    return read(
        bytes,
        in -> {
          String id = text(in);
          String answer = text(in);
          String category = text(in);
          String source = text(in);
          List<ChatMessage> messages = new ArrayList<>();
          for (int left = in.readInt(); left > 0; left--) {
            String role = text(in);
            messages.add(new ChatMessage(role, text(in)));
          }
          Prompt prompt =
              messages.isEmpty() ? new Prompt.Text(text(in)) : new Prompt.Conversation(messages);
          return new Task(id, prompt, answer, category, source);
        });
  }

  /** A sampled tree; the task stays where it is known. */
  static byte[] scored(ScoredTree scored) {
    return bytes(
        out -> {
          RolloutTree tree = scored.tree();
          text(out, tree.promptId());
          ints(out, tree.promptTokens());
          out.writeInt(tree.nodes().size());
          for (SegmentNode node : tree.nodes()) {
            out.writeInt(node.id());
            out.writeInt(node.parent());
            ints(out, node.tokens());
            doubles(out, node.logprobs());
            // At temperature 1 without truncation the two are the same.
            boolean same = Arrays.equals(node.logprobs(), node.modelLogprobs());
            out.writeBoolean(same);
            if (!same) {
              doubles(out, node.modelLogprobs());
            }
            doubles(out, node.entropies());
            out.writeInt(node.branch());
            out.writeBoolean(node.fallback());
            out.writeBoolean(node.learnedTokens() == node.tokens().length);
            if (node.learnedTokens() < node.tokens().length) {
              for (boolean chosen : node.learned()) {
                out.writeBoolean(chosen);
              }
            }
          }
          out.writeInt(tree.trajectories().size());
          for (int t = 0; t < tree.trajectories().size(); t++) {
            Trajectory trajectory = tree.trajectories().get(t);
            out.writeInt(trajectory.leaf());
            out.writeByte(trajectory.finish().ordinal());
            out.writeDouble(trajectory.reward());
            Score score = scored.scores().get(t);
            out.writeDouble(score.value());
            out.writeBoolean(score.correct());
            out.writeBoolean(score.limited());
            out.writeBoolean(score.answer().isPresent());
            text(out, score.answer().orElse(""));
            text(out, scored.responses().get(t));
          }
          shorts(out, tree.toTokenTree().experts());
        });
  }

  static ScoredTree scored(byte[] bytes, Task task) {
    return read(
        bytes,
        in -> {
          String promptId = text(in);
          int[] promptTokens = ints(in);
          List<SegmentNode> nodes = new ArrayList<>();
          for (int left = in.readInt(); left > 0; left--) {
            int id = in.readInt();
            int parent = in.readInt();
            int[] tokens = ints(in);
            double[] logprobs = doubles(in);
            double[] modelLogprobs = in.readBoolean() ? logprobs.clone() : doubles(in);
            double[] entropies = doubles(in);
            int branch = in.readInt();
            boolean fallback = in.readBoolean();
            boolean[] learned = new boolean[tokens.length];
            boolean all = in.readBoolean();
            for (int t = 0; t < learned.length; t++) {
              learned[t] = all || in.readBoolean();
            }
            nodes.add(
                new SegmentNode(
                    id,
                    parent,
                    tokens,
                    logprobs,
                    modelLogprobs,
                    entropies,
                    branch,
                    fallback,
                    learned));
          }
          List<Trajectory> trajectories = new ArrayList<>();
          List<Score> scores = new ArrayList<>();
          List<String> responses = new ArrayList<>();
          for (int left = in.readInt(); left > 0; left--) {
            int leaf = in.readInt();
            FinishReason finish = FinishReason.values()[in.readByte()];
            trajectories.add(new Trajectory(leaf, finish, in.readDouble()));
            double value = in.readDouble();
            boolean correct = in.readBoolean();
            boolean limited = in.readBoolean();
            boolean answered = in.readBoolean();
            String answer = text(in);
            scores.add(
                new Score(
                    value, correct, limited, answered ? Optional.of(answer) : Optional.empty()));
            responses.add(text(in));
          }
          RolloutTree tree = new RolloutTree(promptId, promptTokens, nodes, trajectories);
          short[] experts = shorts(in);
          tree = experts == null ? tree : tree.withExperts(experts);
          return new ScoredTree(task, tree, scores, responses);
        });
  }

  static byte[] tokens(TokenTree tree) {
    return bytes(out -> tokens(out, tree));
  }

  static TokenTree tokens(byte[] bytes) {
    return read(bytes, TreeCodec::tokens);
  }

  static byte[] training(TrainingTree tree) {
    return bytes(
        out -> {
          tokens(out, tree.tokens());
          out.writeInt(tree.trajectories());
          for (int t = 0; t < tree.trajectories(); t++) {
            ints(out, tree.paths()[t]);
            doubles(out, tree.advantages()[t]);
          }
          floats(out, tree.oldLogprobs());
          floats(out, tree.referenceLogprobs());
          floats(out, tree.behaviourLogprobs());
        });
  }

  static TrainingTree training(byte[] bytes) {
    return read(
        bytes,
        in -> {
          TokenTree tokens = tokens(in);
          int trajectories = in.readInt();
          int[][] paths = new int[trajectories][];
          double[][] advantages = new double[trajectories][];
          for (int t = 0; t < trajectories; t++) {
            paths[t] = ints(in);
            advantages[t] = doubles(in);
          }
          float[] old = floats(in);
          float[] reference = floats(in);
          return new TrainingTree(tokens, paths, advantages, old, reference, floats(in));
        });
  }

  private static void tokens(DataOutputStream out, TokenTree tree) throws IOException {
    ints(out, tree.tokens());
    ints(out, tree.parents());
    shorts(out, tree.experts());
  }

  private static TokenTree tokens(DataInputStream in) throws IOException {
    int[] tokens = ints(in);
    int[] parents = ints(in);
    return TokenTree.of(tokens, parents).withExperts(shorts(in));
  }

  /** As Java holds it, for a prompt may hold half a surrogate pair. */
  private static void text(DataOutputStream out, String text) throws IOException {
    out.writeInt(text.length());
    out.writeChars(text);
  }

  private static String text(DataInputStream in) throws IOException {
    char[] chars = new char[in.readInt()];
    ByteBuffer.wrap(in.readNBytes(chars.length * Character.BYTES)).asCharBuffer().get(chars);
    return new String(chars);
  }

  private static void ints(DataOutputStream out, int[] values) throws IOException {
    out.writeInt(values.length);
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES);
    bytes.asIntBuffer().put(values);
    out.write(bytes.array());
  }

  private static int[] ints(DataInputStream in) throws IOException {
    int[] values = new int[in.readInt()];
    ByteBuffer.wrap(in.readNBytes(values.length * Integer.BYTES)).asIntBuffer().get(values);
    return values;
  }

  private static void doubles(DataOutputStream out, double[] values) throws IOException {
    out.writeInt(values.length);
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES);
    bytes.asDoubleBuffer().put(values);
    out.write(bytes.array());
  }

  private static double[] doubles(DataInputStream in) throws IOException {
    double[] values = new double[in.readInt()];
    ByteBuffer.wrap(in.readNBytes(values.length * Double.BYTES)).asDoubleBuffer().get(values);
    return values;
  }

  /**
   * @param values or null
   */
  private static void floats(DataOutputStream out, float[] values) throws IOException {
    out.writeInt(values == null ? -1 : values.length);
    if (values != null) {
      ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
      bytes.asFloatBuffer().put(values);
      out.write(bytes.array());
    }
  }

  private static float[] floats(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0) {
      return null;
    }
    float[] values = new float[length];
    ByteBuffer.wrap(in.readNBytes(length * Float.BYTES)).asFloatBuffer().get(values);
    return values;
  }

  /**
   * @param values or null
   */
  private static void shorts(DataOutputStream out, short[] values) throws IOException {
    out.writeInt(values == null ? -1 : values.length);
    if (values != null) {
      ByteBuffer bytes = ByteBuffer.allocate(values.length * Short.BYTES);
      bytes.asShortBuffer().put(values);
      out.write(bytes.array());
    }
  }

  private static short[] shorts(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0) {
      return null;
    }
    short[] values = new short[length];
    ByteBuffer.wrap(in.readNBytes(length * Short.BYTES)).asShortBuffer().get(values);
    return values;
  }

  private static byte[] bytes(Writing writing) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writing.to(out);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  private static <T> T read(byte[] bytes, Reading<T> reading) {
    try {
      return reading.from(new DataInputStream(new ByteArrayInputStream(bytes)));
    } catch (IOException e) {
      throw new UncheckedIOException("a tree arrived broken", e);
    }
  }
}

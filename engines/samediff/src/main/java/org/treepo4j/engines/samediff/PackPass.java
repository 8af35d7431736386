package org.treepo4j.engines.samediff;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.treepo4j.model.TokenTree;

/**
 * One pack of trees on its way through the network. The final hidden states stay for scoring and
 * for the head's gradient; for training, so does the input of every block.
 */
final class PackPass implements AutoCloseable {
  /** Most numbers in one matrix of logits; more rows are taken in several steps. */
  private static final int MOST_LOGITS = 1 << 23;

  private final Network network;
  private final TreePack pack;
  private final double temperature;
  private final int[] tokens;
  private final int[][] children;
  private final int hiddenSize;
  private final int vocabSize;
  private final LayerRows rows;
  private final List<Tensor> blockInputs = new ArrayList<>();
  private float[] hidden;

  /** Log-probability of every row given its ancestors, and entropy after every row. */
  @SuppressWarnings("ArrayRecordComponent") // handed on, compared by nobody
  record Scores(float[] logprobs, float[] entropies) {}

  PackPass(Network network, TreePack pack, double temperature) {
    this.network = network;
    this.pack = pack;
    this.temperature = temperature;
    tokens = pack.tokens();
    children = children(pack);
    hiddenSize = network.config().hiddenSize();
    vocabSize = network.config().vocabSize();
    int group = network.config().headsPerKvHead();
    rows = network.rows(pack.positions(), window -> pack.mask(group, window));
  }

  TreePack pack() {
    return pack;
  }

  /**
   * Goes through all blocks.
   *
   * @param keep whether {@link #backward} will follow
   */
  void forward(boolean keep) {
    Tensor x = network.embed(tokens);
    for (int layer = 0; layer < network.blocks().size(); layer++) {
      blockInputs.add(x);
      BlockGraph.Outcome outcome = network.blocks().get(layer).run(x, rows.of(layer));
      outcome.keys().close();
      outcome.values().close();
      if (!keep) {
        x.close();
        blockInputs.clear();
      }
      x = outcome.output();
    }
    hidden = x.toFloats();
    x.close();
    if (!keep) {
      close();
    }
  }

  Scores scores() {
    float[] logprobs = new float[tokens.length];
    float[] entropies = new float[tokens.length];
    int step = rowsPerStep();
    for (int from = 0; from < tokens.length; from += step) {
      int n = Math.min(step, tokens.length - from);
      float[] states = Arrays.copyOfRange(hidden, from * hiddenSize, (from + n) * hiddenSize);
      try (Tensor x = Tensor.of(states, n, hiddenSize);
          HeadGraph.Outcome outcome = network.head().run(x, temperature)) {
        System.arraycopy(outcome.entropies().toFloats(), 0, entropies, from, n);
        FloatBuffer logp = outcome.logprobs().buffer();
        for (int row = 0; row < n; row++) {
          for (int child : children[from + row]) {
            logprobs[child] = logp.get(row * vocabSize + tokens[child]);
          }
        }
      }
    }
    return new Scores(logprobs, entropies);
  }

  /** Logits after one row. */
  float[] logits(int row) {
    float[] state = Arrays.copyOfRange(hidden, row * hiddenSize, (row + 1) * hiddenSize);
    try (Tensor x = Tensor.of(state, 1, hiddenSize);
        Tensor logits = network.head().logits(x)) {
      return logits.toFloats();
    }
  }

  /**
   * Adds the gradient of {@code Σ c·logprob + Σ e·entropy} to the trainable parameters.
   *
   * @param byLogprob c, one for each row
   * @param byEntropy e, one for each row
   */
  void backward(float[] byLogprob, float[] byEntropy) {
    int lowest = network.lowestTrained();
    if (lowest == network.blocks().size() && !network.head().trainable()) {
      return;
    }
    Tensor gradient = Tensor.of(headBackward(byLogprob, byEntropy), tokens.length, hiddenSize);
    try {
      for (int layer = network.blocks().size() - 1; layer >= lowest; layer--) {
        Tensor below =
            network.blocks().get(layer).backward(blockInputs.get(layer), rows.of(layer), gradient);
        gradient.close();
        gradient = below;
      }
      if (lowest == 0) {
        network.embedBackward(tokens, gradient);
      }
    } finally {
      gradient.close();
    }
  }

  /** Derivative by the final hidden states; only rows that the score depends on are computed. */
  private float[] headBackward(float[] byLogprob, float[] byEntropy) {
    int[] needed =
        IntStream.range(0, tokens.length)
            .filter(row -> byEntropy[row] != 0 || anyNonZero(byLogprob, children[row]))
            .toArray();
    float[] dHidden = new float[tokens.length * hiddenSize];
    int step = rowsPerStep();
    for (int from = 0; from < needed.length; from += step) {
      int n = Math.min(step, needed.length - from);
      float[] x = new float[n * hiddenSize];
      float[] c = new float[n * vocabSize];
      float[] e = new float[n];
      for (int i = 0; i < n; i++) {
        int row = needed[from + i];
        System.arraycopy(hidden, row * hiddenSize, x, i * hiddenSize, hiddenSize);
        e[i] = byEntropy[row];
        for (int child : children[row]) {
          c[i * vocabSize + tokens[child]] += byLogprob[child];
        }
      }
      try (Tensor input = Tensor.of(x, n, hiddenSize);
          Tensor ofLogprobs = Tensor.of(c, n, vocabSize);
          Tensor ofEntropies = Tensor.of(e, n, 1);
          Tensor dInput = network.head().backward(input, temperature, ofLogprobs, ofEntropies)) {
        float[] dx = dInput.toFloats();
        for (int i = 0; i < n; i++) {
          System.arraycopy(dx, i * hiddenSize, dHidden, needed[from + i] * hiddenSize, hiddenSize);
        }
      }
    }
    return dHidden;
  }

  private static boolean anyNonZero(float[] values, int[] indices) {
    return Arrays.stream(indices).anyMatch(i -> values[i] != 0);
  }

  private int rowsPerStep() {
    return Math.max(1, MOST_LOGITS / vocabSize);
  }

  /** The rows that each row is the parent of. */
  private static int[][] children(TreePack pack) {
    List<List<Integer>> children = new ArrayList<>();
    int root = 0;
    for (TokenTree tree : pack.trees()) {
      for (int t = 0; t < tree.size(); t++) {
        children.add(new ArrayList<>());
        if (t > 0) {
          children.get(root + tree.parents()[t]).add(root + t);
        }
      }
      root += tree.size();
    }
    return children.stream()
        .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
        .toArray(int[][]::new);
  }

  /** Frees what only {@link #backward} needs; logits can still be asked for. */
  @Override
  public void close() {
    blockInputs.forEach(Tensor::close);
    blockInputs.clear();
    rows.close();
  }
}

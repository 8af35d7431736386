package org.treepo4j.model.samediff;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;

/** A forward pass over packs of trees, one pack after the other. */
final class SameDiffForwardPass implements ForwardPass {
  /** Most numbers in one matrix of logits; more rows are taken in several steps. */
  private static final int MOST_LOGITS = 1 << 23;

  private final Network network;
  private final List<TokenTree> trees;
  private final ForwardOptions options;
  private final List<Packed> packs = new ArrayList<>();
  private final float[][] logprobs;
  private final float[][] entropies;
  private boolean differentiated;
  private boolean closed;

  /** A pack with what backward needs of it: the input of every block, {@code [rows, hidden]}. */
  private record Packed(
      TreePack pack, float[] hidden, List<INDArray> blockInputs, BlockGraph.Rows rows) {
    void close() {
      blockInputs.forEach(INDArray::close);
      blockInputs.clear();
      if (rows != null) {
        rows.close();
      }
    }
  }

  SameDiffForwardPass(Network network, List<TokenTree> trees, ForwardOptions options) {
    this.network = network;
    this.trees = List.copyOf(trees);
    this.options = options;
    logprobs = new float[trees.size()][];
    entropies = new float[trees.size()][];
    for (TreePack pack : TreePack.split(this.trees)) {
      Packed packed = pass(pack);
      packs.add(packed);
      score(packed);
    }
  }

  /** Through all blocks; keeps the final hidden states and, for training, every block's input. */
  private Packed pass(TreePack pack) {
    BlockGraph.Rows rows =
        network.rows(pack.positions(), pack.mask(network.config().headsPerKvHead()));
    List<INDArray> inputs = new ArrayList<>();
    INDArray x = network.embed(pack.tokens());
    for (BlockGraph block : network.blocks()) {
      BlockGraph.Outcome outcome = block.run(x, rows);
      outcome.keys().close();
      outcome.values().close();
      if (options.gradients()) {
        inputs.add(x);
      } else {
        x.close();
      }
      x = outcome.output();
    }
    float[] hidden = NativeArrays.toFloats(x);
    x.close();
    if (options.gradients()) {
      return new Packed(pack, hidden, inputs, rows);
    }
    rows.close();
    return new Packed(pack, hidden, inputs, null);
  }

  private void score(Packed packed) {
    int vocab = network.config().vocabSize();
    int rows = packed.pack.rows();
    int step = rowsPerStep();
    int[][] children = children(packed.pack);
    int[] tokens = packed.pack.tokens();
    float[] packLogprobs = new float[rows];
    float[] packEntropies = new float[rows];
    for (int from = 0; from < rows; from += step) {
      int n = Math.min(step, rows - from);
      try (INDArray x = hiddenRows(packed, from, n);
          HeadGraph.Outcome outcome = network.head().run(x, options.temperature())) {
        System.arraycopy(NativeArrays.toFloats(outcome.entropies()), 0, packEntropies, from, n);
        FloatBuffer logp = NativeArrays.buffer(outcome.logprobs());
        for (int row = 0; row < n; row++) {
          for (int child : children[from + row]) {
            packLogprobs[child] = logp.get(row * vocab + tokens[child]);
          }
        }
      }
    }
    for (int t = 0, row = 0; t < packed.pack.trees().size(); t++) {
      int end = row + packed.pack.trees().get(t).size();
      logprobs[packed.pack.first() + t] = Arrays.copyOfRange(packLogprobs, row, end);
      entropies[packed.pack.first() + t] = Arrays.copyOfRange(packEntropies, row, end);
      row = end;
    }
  }

  @Override
  public float[] logprobs(int tree) {
    return logprobs[tree].clone();
  }

  @Override
  public float[] entropies(int tree) {
    return entropies[tree].clone();
  }

  @Override
  public float[] logits(int tree, int token) {
    requireOpen();
    if (token < 0 || token >= trees.get(tree).size()) {
      throw new IllegalArgumentException("tree " + tree + " has no token " + token);
    }
    for (Packed packed : packs) {
      int within = tree - packed.pack.first();
      if (within < packed.pack.trees().size()) {
        try (INDArray x = hiddenRows(packed, packed.pack.rowOf(within) + token, 1);
            INDArray logits = network.head().logits(x)) {
          return NativeArrays.toFloats(logits);
        }
      }
    }
    throw new IllegalArgumentException("no tree " + tree);
  }

  @Override
  public void backward(float[][] dLogprob, float[][] dEntropy) {
    requireOpen();
    if (!options.gradients()) {
      throw new IllegalStateException("the forward pass was opened without gradients");
    }
    if (differentiated) {
      throw new IllegalStateException("backward was called before on this pass");
    }
    requireShape("dLogprob", dLogprob);
    if (dEntropy != null) {
      requireShape("dEntropy", dEntropy);
    }
    differentiated = true;
    for (Packed packed : packs) {
      backward(packed, dLogprob, dEntropy);
      packed.close();
    }
  }

  private void backward(Packed packed, float[][] dLogprob, float[][] dEntropy) {
    int lowest = network.lowestTrained();
    if (lowest == network.blocks().size() && !network.head().trainable()) {
      return;
    }
    float[] dHidden = headBackward(packed, dLogprob, dEntropy);
    ModelConfig config = network.config();
    INDArray gradient = NativeArrays.of(dHidden, packed.pack.rows(), config.hiddenSize());
    for (int layer = config.layers() - 1; layer >= lowest; layer--) {
      INDArray below =
          network
              .blocks()
              .get(layer)
              .backward(packed.blockInputs.get(layer), packed.rows, gradient);
      gradient.close();
      gradient = below;
    }
    if (lowest == 0) {
      network.embedBackward(packed.pack.tokens(), gradient);
    }
    gradient.close();
  }

  /** Through head and final norm, only for rows that the score depends on. */
  private float[] headBackward(Packed packed, float[][] dLogprob, float[][] dEntropy) {
    int vocab = network.config().vocabSize();
    int hidden = network.config().hiddenSize();
    int rows = packed.pack.rows();
    int[][] children = children(packed.pack);
    int[] tokens = packed.pack.tokens();
    float[] byLogprob = flat(packed.pack, dLogprob);
    float[] byEntropy = dEntropy == null ? new float[rows] : flat(packed.pack, dEntropy);
    int[] needed =
        java.util.stream.IntStream.range(0, rows)
            .filter(
                row ->
                    byEntropy[row] != 0
                        || Arrays.stream(children[row]).anyMatch(child -> byLogprob[child] != 0))
            .toArray();
    float[] dHidden = new float[rows * hidden];
    int step = rowsPerStep();
    for (int from = 0; from < needed.length; from += step) {
      int n = Math.min(step, needed.length - from);
      float[] x = new float[n * hidden];
      float[] c = new float[n * vocab];
      float[] e = new float[n];
      for (int i = 0; i < n; i++) {
        int row = needed[from + i];
        System.arraycopy(packed.hidden, row * hidden, x, i * hidden, hidden);
        e[i] = byEntropy[row];
        for (int child : children[row]) {
          c[i * vocab + tokens[child]] += byLogprob[child];
        }
      }
      try (INDArray input = NativeArrays.of(x, n, hidden);
          INDArray byLogprobs = NativeArrays.of(c, n, vocab);
          INDArray byEntropies = NativeArrays.of(e, n, 1);
          INDArray dInput =
              network.head().backward(input, options.temperature(), byLogprobs, byEntropies)) {
        float[] dx = NativeArrays.toFloats(dInput);
        for (int i = 0; i < n; i++) {
          System.arraycopy(dx, i * hidden, dHidden, needed[from + i] * hidden, hidden);
        }
      }
    }
    return dHidden;
  }

  private int rowsPerStep() {
    return Math.max(1, MOST_LOGITS / network.config().vocabSize());
  }

  private INDArray hiddenRows(Packed packed, int from, int n) {
    int hidden = network.config().hiddenSize();
    return NativeArrays.of(
        Arrays.copyOfRange(packed.hidden, from * hidden, (from + n) * hidden), n, hidden);
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

  private static float[] flat(TreePack pack, float[][] perTree) {
    float[] flat = new float[pack.rows()];
    int row = 0;
    for (int t = 0; t < pack.trees().size(); t++) {
      float[] values = perTree[pack.first() + t];
      System.arraycopy(values, 0, flat, row, values.length);
      row += values.length;
    }
    return flat;
  }

  private void requireShape(String name, float[][] perTree) {
    if (perTree.length != trees.size()) {
      throw new IllegalArgumentException(
          name + " must have a row for each of " + trees.size() + " trees, had " + perTree.length);
    }
    for (int t = 0; t < perTree.length; t++) {
      if (perTree[t].length != trees.get(t).size()) {
        throw new IllegalArgumentException(
            "%s of tree %d must have %d values, had %d"
                .formatted(name, t, trees.get(t).size(), perTree[t].length));
      }
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the forward pass is closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      packs.forEach(Packed::close);
    }
  }
}

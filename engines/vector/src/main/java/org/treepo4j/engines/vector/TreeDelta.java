package org.treepo4j.engines.vector;

import java.util.Arrays;
import java.util.List;
import org.treepo4j.checkpoints.Design.DeltaRule;

/**
 * The gated delta rule over trees: every chunk begins with the state its parent ends with. A task
 * has one tree and one key head with its value heads, and the states of all their chunks; the
 * backward pass computes these again, then goes through the chunks from the last to the first, and
 * the gradient of a state is the sum over all that continue it.
 *
 * <p>Shapes: {@code x} and {@code dx} are queries, keys and values as the convolution leaves them,
 * {@code [rows × convSize]}; outputs are {@code [rows × valueSize]}.
 */
final class TreeDelta {
  private final WorkerPool pool;
  private final DeltaRule rule;
  private final int stateSize;
  private final DeltaChunk[] chunks;

  /** By worker: states after the chunks of a tree, {@code [chunks × group × stateSize]}. */
  private final float[][] states;

  private final float[][] dStates;

  /** Before a root. */
  private final float[] nothing;

  TreeDelta(WorkerPool pool, DeltaRule rule, int chunkTokens) {
    this.pool = pool;
    this.rule = rule;
    this.stateSize = DeltaProducts.stateSize(rule);
    this.chunks = new DeltaChunk[pool.threads()];
    for (int worker = 0; worker < chunks.length; worker++) {
      chunks[worker] = new DeltaChunk(rule, chunkTokens);
    }
    this.states = new float[pool.threads()][0];
    this.dStates = new float[pool.threads()][0];
    this.nothing = new float[stateSize];
  }

  void forward(DeltaPlan plan, float[] x, DeltaGates.Values gates, float[] out) {
    eachHead(
        plan, (tree, keyHead, worker) -> run(tree, keyHead, x, gates, out, worker, chunks[worker]));
  }

  /**
   * @param dOut gradient of the outputs
   * @param dx receives the gradient of {@code x}
   * @param dGates receives those of strengths and log-decays
   */
  void backward(
      DeltaPlan plan,
      float[] x,
      DeltaGates.Values gates,
      float[] dOut,
      float[] dx,
      DeltaGates.Values dGates) {
    eachHead(
        plan,
        (tree, keyHead, worker) -> {
          run(tree, keyHead, x, gates, null, worker, chunks[worker]);
          int size = tree.size() * rule.group() * stateSize;
          dStates[worker] = FloatArrays.atLeast(dStates[worker], size);
          Arrays.fill(dStates[worker], 0, size, 0f);
          for (int index = tree.size() - 1; index >= 0; index--) {
            backward(tree, index, keyHead, x, gates, dOut, dx, dGates, worker);
          }
        });
  }

  private interface OfHead {
    void run(List<DeltaPlan.Chunk> tree, int keyHead, int worker);
  }

  private void eachHead(DeltaPlan plan, OfHead work) {
    pool.run(
        plan.trees() * rule.keyHeads(),
        (task, worker) ->
            work.run(plan.chunks(task / rule.keyHeads()), task % rule.keyHeads(), worker));
  }

  /** Fills the worker's states, and the outputs unless they are null. */
  private void run(
      List<DeltaPlan.Chunk> tree,
      int keyHead,
      float[] x,
      DeltaGates.Values gates,
      float[] out,
      int worker,
      DeltaChunk chunk) {
    long size = (long) tree.size() * rule.group() * stateSize;
    if (size > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          tree.size() + " branches of one tree are too many: use smaller micro-batches");
    }
    states[worker] = FloatArrays.atLeast(states[worker], (int) size);
    for (int index = 0; index < tree.size(); index++) {
      load(chunk, tree.get(index), keyHead, x);
      for (int member = 0; member < rule.group(); member++) {
        int head = keyHead * rule.group() + member;
        chunk.forward(
            head,
            valueAt(head),
            gates,
            before(tree.get(index), worker),
            stateAt(tree.get(index).before(), member),
            states[worker],
            stateAt(index, member),
            out,
            rule.valueSize(),
            head * rule.valueDim());
      }
    }
  }

  private void backward(
      List<DeltaPlan.Chunk> tree,
      int index,
      int keyHead,
      float[] x,
      DeltaGates.Values gates,
      float[] dOut,
      float[] dx,
      DeltaGates.Values dGates,
      int worker) {
    DeltaChunk chunk = chunks[worker];
    DeltaPlan.Chunk rows = tree.get(index);
    load(chunk, rows, keyHead, x);
    chunk.beginBackward();
    for (int member = 0; member < rule.group(); member++) {
      int head = keyHead * rule.group() + member;
      chunk.backward(
          head,
          valueAt(head),
          gates,
          before(rows, worker),
          stateAt(rows.before(), member),
          dStates[worker],
          stateAt(index, member),
          rows.before() < 0 ? null : dStates[worker],
          stateAt(rows.before(), member),
          dOut,
          rule.valueSize(),
          head * rule.valueDim(),
          dx,
          dGates);
    }
    chunk.endBackward(dx, keyHead * rule.keyDim(), rule.keySize() + keyHead * rule.keyDim());
  }

  private void load(DeltaChunk chunk, DeltaPlan.Chunk rows, int keyHead, float[] x) {
    chunk.load(
        rows.to() - rows.from(),
        rows.from(),
        x,
        rule.convSize(),
        keyHead * rule.keyDim(),
        rule.keySize() + keyHead * rule.keyDim());
  }

  private float[] before(DeltaPlan.Chunk rows, int worker) {
    return rows.before() < 0 ? nothing : states[worker];
  }

  private int stateAt(int index, int member) {
    return index < 0 ? 0 : (index * rule.group() + member) * stateSize;
  }

  private int valueAt(int head) {
    return 2 * rule.keySize() + head * rule.valueDim();
  }
}

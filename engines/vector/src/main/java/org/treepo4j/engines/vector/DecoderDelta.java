package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.DecoderWeights.whole;
import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import org.treepo4j.checkpoints.Design.DeltaRule;

/**
 * A linear layer of a decoder's batch. New tokens of one chunk are a run, which brings the state of
 * its path on: piece by piece where a prompt is computed ({@link DeltaChunk}), a token at a time
 * where a path grows. Pieces end at multiples of {@link DeltaStates#SPACING} positions and runs
 * meet in no sum, so a path gets the same bits alone and in any batch.
 */
final class DecoderDelta {
  private final DeltaRule rule;
  private final WorkerPool pool;
  private final RmsNorm norm;
  private final CausalConv conv;
  private final UnitHeads unit;
  private final DeltaGates gating;
  private final DeltaChunk[] chunks;
  private final float[][] scratch;
  private final int inputStride;
  private final int outputStride;
  private final int stateSize;
  private final int padded;
  private final List<Run> runs = new ArrayList<>();
  private float[] mixed = new float[0]; // input projections, [rows × inputStride]
  private float[] x = new float[0]; // after the convolution, [rows × convSize]
  private float[] inverse = new float[0]; // [rows × keyHeads]
  private float[] out = new float[0]; // [rows × outputStride]
  private DeltaGates.Values gates;

  /**
   * Rows of new tokens of one chunk, the first at {@code index} in it.
   *
   * @param prefilled tokens of the chunk that were computed as a prompt
   */
  private record Run(int from, int to, int position, int index, int prefilled, DeltaState state) {

    /** Row after the piece that begins with {@code row}. */
    int pieceEnd(int row) {
      int at = index + row - from;
      if (at >= prefilled) {
        return row + 1;
      }
      int left = DeltaStates.SPACING - (position + row - from) % DeltaStates.SPACING;
      return Math.min(to, row + Math.min(left, prefilled - at));
    }
  }

  DecoderDelta(DeltaRule rule, WorkerPool pool, RmsNorm norm) {
    this.rule = rule;
    this.pool = pool;
    this.norm = norm;
    this.conv = new CausalConv(pool, rule.convSize(), rule.convWidth());
    this.unit = new UnitHeads(pool, rule.convSize(), rule.keyHeads(), rule.keyDim());
    this.gating = new DeltaGates(pool, rule.valueHeads());
    this.inputStride = DecoderWeights.linearWidth(rule);
    this.outputStride = whole(rule.valueSize());
    this.stateSize = DeltaProducts.stateSize(rule);
    this.padded = DeltaProducts.padded(rule.valueDim());
    this.chunks = new DeltaChunk[pool.threads()];
    for (int worker = 0; worker < chunks.length; worker++) {
      chunks[worker] = new DeltaChunk(rule, DeltaStates.SPACING);
    }
    this.scratch = new float[pool.threads()][2 * (rule.keyDim() + padded)];
  }

  /** Floats between the rows of the input projections. */
  int inputStride() {
    return inputStride;
  }

  /** Floats between the rows of the output. */
  int outputStride() {
    return outputStride;
  }

  /** Where the input projections of a batch go, {@code [rows × inputStride]}. */
  float[] reserve(int rows) {
    mixed = FloatArrays.atLeast(mixed, rows * inputStride);
    x = FloatArrays.atLeast(x, rows * rule.convSize());
    inverse = FloatArrays.atLeast(inverse, rows * rule.keyHeads());
    out = FloatArrays.atLeast(out, rows * outputStride);
    gates = gating.atLeast(gates, rows);
    return mixed;
  }

  /** Finds the runs of a batch. */
  void begin(BatchPlan plan) {
    runs.clear();
    for (int row = 0; row < plan.rows(); ) {
      int from = row;
      KvChunk chunk = plan.chunk(from);
      while (row < plan.rows() && plan.chunk(row) == chunk) {
        row++;
      }
      runs.add(
          new Run(
              from,
              row,
              plan.positions()[from],
              plan.index(from),
              chunk.prefilled(),
              chunk.plan.state));
    }
  }

  /**
   * From the input projections, in the memory that {@link #reserve} gave, to the input of the
   * output projection; the states go on.
   *
   * @param layer counted among linear layers
   */
  float[] forward(BatchPlan plan, int layer, DeltaParameters weights) {
    conv.load(weights.conv().values());
    pool.run(runs.size(), (task, worker) -> convolve(runs.get(task), layer));
    float factor = DeltaLayer.queryFactor(rule);
    int betaAt = whole(rule.convSize()) + whole(rule.valueSize());
    int decayAt = betaAt + whole(rule.valueHeads());
    pool.run(
        plan.rows(),
        (row, worker) -> {
          unit.row(0, factor, x, row, inverse);
          unit.row(rule.keySize(), 1, x, row, inverse);
          int at = row * inputStride;
          gating.row(
              mixed,
              at + betaAt,
              mixed,
              at + decayAt,
              weights.decayBias().values(),
              weights.decayLog().values(),
              gates,
              row);
        });
    pool.run(
        runs.size() * rule.keyHeads(),
        (task, worker) -> {
          Run run = runs.get(task / rule.keyHeads());
          head(run, layer, task % rule.keyHeads(), weights.norm().factors(), worker);
        });
    return out;
  }

  /** The convolution of a run's rows; the state keeps the last inputs. */
  private void convolve(Run run, int layer) {
    int channels = rule.convSize();
    float[] before = run.state().inputs[layer];
    int older = before.length - channels;
    for (int row = run.from(); row < run.to(); row++) {
      conv.row(mixed, row * inputStride, before, 0, x, row * channels);
      if (older >= 0) {
        System.arraycopy(before, channels, before, 0, older);
        System.arraycopy(mixed, row * inputStride, before, older, channels);
      }
    }
  }

  /** A run's rows and the value heads of one key head. */
  private void head(Run run, int layer, int keyHead, float[] normWeight, int worker) {
    float[] state = run.state().matrices[layer];
    int queryAt = keyHead * rule.keyDim();
    int keyAt = rule.keySize() + queryAt;
    for (int row = run.from(); row < run.to(); ) {
      int end = run.pieceEnd(row);
      if (end > row + 1) {
        chunks[worker].load(end - row, row, x, rule.convSize(), queryAt, keyAt);
      }
      for (int member = 0; member < rule.group(); member++) {
        int head = keyHead * rule.group() + member;
        int valueAt = 2 * rule.keySize() + head * rule.valueDim();
        int at = head * stateSize;
        int outAt = head * rule.valueDim();
        if (end > row + 1) {
          chunks[worker].forward(
              head, valueAt, gates, state, at, state, at, out, outputStride, outAt);
        } else {
          step(row, head, queryAt, keyAt, valueAt, state, at, outAt, scratch[worker]);
        }
        for (int done = row; done < end; done++) {
          gate(done, outAt, normWeight);
        }
      }
      row = end;
    }
  }

  /** {@code S ← e^g·S + k·uᵀ} and the output, in two passes over the state. */
  private void step(
      int row,
      int head,
      int queryAt,
      int keyAt,
      int valueAt,
      float[] state,
      int at,
      int outAt,
      float[] memory) {
    int width = rule.keyDim();
    int from = row * rule.convSize();
    int products = 2 * width; // Sᵀk and Sᵀq, [2 × padded]
    System.arraycopy(x, from + keyAt, memory, 0, width);
    System.arraycopy(x, from + queryAt, memory, width, width);
    GemmKernel.clear(2, padded, memory, products, padded);
    GemmKernel.product(
        2, padded, width, memory, 0, width, 1, state, at, padded, memory, products, padded);
    float decay = (float) Math.exp(gates.logDecay(row, head));
    float beta = gates.beta(row, head);
    float kq = RowMath.dot(memory, 0, memory, width, width);
    for (int d = 0; d < rule.valueDim(); d++) {
      float u = beta * (x[from + valueAt + d] - decay * memory[products + d]);
      memory[products + d] = u;
      out[row * outputStride + outAt + d] = decay * memory[products + padded + d] + kq * u;
    }
    for (int k = 0; k < width; k++) {
      FloatVector key = FloatVector.broadcast(SPECIES, memory[k]);
      for (int d = 0; d < padded; d += LANES) {
        int to = at + k * padded + d;
        FloatVector.fromArray(SPECIES, memory, products + d)
            .fma(key, FloatVector.fromArray(SPECIES, state, to).mul(decay))
            .intoArray(state, to);
      }
    }
  }

  /** The norm of a head's output, times SiLU of its gate. */
  private void gate(int row, int outAt, float[] normWeight) {
    int at = row * outputStride + outAt;
    int gateAt = row * inputStride + whole(rule.convSize()) + outAt;
    norm.row(rule.valueDim(), out, at, normWeight, out, at);
    for (int d = 0; d < rule.valueDim(); d++) {
      float z = mixed[gateAt + d];
      out[at + d] *= z / (1f + FastExp.exp(-z));
    }
  }
}

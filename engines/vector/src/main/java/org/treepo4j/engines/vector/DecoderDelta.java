package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.DecoderWeights.whole;
import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * A linear layer of a decoder's batch. New tokens of one chunk are a run, which brings the state of
 * its path on: piece by piece where a prompt is computed ({@link DeltaChunk}), a token at a time
 * where a path grows ({@link DeltaRecurrence}). Pieces end at multiples of {@link
 * DeltaStates#SPACING} positions and runs meet in no sum, so a path gets the same bits alone and in
 * any batch.
 */
final class DecoderDelta {
  private final DeltaRule rule;
  private final WorkerPool pool;
  private final RmsNorm norm;

  /** By linear layer; made with the first batch. */
  private final CausalConv[] convs;

  private final UnitHeads unit;
  private final DeltaGates gating;
  private final DeltaChunk[] chunks;
  private final DeltaRecurrence[] recurrences;
  private final int inputStride;
  private final int outputStride;
  private final int stateSize;
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

    int position(int row) {
      return position + row - from;
    }

    /** Row after the piece that begins with {@code row}. */
    int pieceEnd(int row) {
      int at = index + row - from;
      if (at >= prefilled) {
        return row + 1;
      }
      int left = DeltaStates.SPACING - position(row) % DeltaStates.SPACING;
      return Math.min(to, row + Math.min(left, prefilled - at));
    }

    /** Tokens kept beside the state after these rows, from those before. */
    int keptAfter(int before) {
      int kept = before;
      for (int row = from; row < to; ) {
        int end = pieceEnd(row);
        kept = end > row + 1 ? 0 : DeltaRecurrence.keptAfter(kept, position(row));
        row = end;
      }
      return kept;
    }
  }

  DecoderDelta(ModelConfig config, WorkerPool pool, RmsNorm norm) {
    this.rule = config.design().deltaRule();
    this.pool = pool;
    this.norm = norm;
    this.convs = new CausalConv[config.layers() - config.attentionLayers()];
    this.unit = new UnitHeads(pool, rule.convSize(), rule.keyHeads(), rule.keyDim());
    this.gating = new DeltaGates(pool, rule.valueHeads());
    this.inputStride = DecoderWeights.linearWidth(rule);
    this.outputStride = whole(rule.valueSize());
    this.stateSize = DeltaProducts.stateSize(rule);
    this.chunks = new DeltaChunk[pool.threads()];
    this.recurrences = new DeltaRecurrence[pool.threads()];
    for (int worker = 0; worker < chunks.length; worker++) {
      chunks[worker] = new DeltaChunk(rule, DeltaStates.SPACING);
      recurrences[worker] = new DeltaRecurrence(rule);
    }
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
    CausalConv conv = conv(layer, weights);
    pool.run(runs.size(), (task, worker) -> convolve(conv, runs.get(task), layer));
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
    for (Run run : runs) {
      run.state().kept[layer] = run.keptAfter(run.state().kept[layer]);
    }
    return out;
  }

  /** With the weights of a layer, which do not change while a decoder is open. */
  private CausalConv conv(int layer, DeltaParameters weights) {
    if (convs[layer] == null) {
      convs[layer] = new CausalConv(pool, rule.convSize(), rule.convWidth());
      convs[layer].load(weights.conv().values());
    }
    return convs[layer];
  }

  /** The convolution of a run's rows; the state keeps the last inputs. */
  private void convolve(CausalConv conv, Run run, int layer) {
    int channels = rule.convSize();
    float[] before = run.state().inputs[layer];
    int slots = rule.convWidth() - 1;
    for (int row = run.from(); row < run.to(); row++) {
      int position = run.position(row);
      conv.row(mixed, row * inputStride, before, position, x, row * channels);
      if (slots > 0) {
        int slot = position % slots;
        System.arraycopy(mixed, row * inputStride, before, slot * channels, channels);
      }
    }
  }

  /** A run's rows and the value heads of one key head. */
  private void head(Run run, int layer, int keyHead, float[] normWeight, int worker) {
    int kept = run.state().kept[layer];
    for (int row = run.from(); row < run.to(); ) {
      int end = run.pieceEnd(row);
      if (end > row + 1) {
        piece(run.state(), layer, keyHead, kept, row, end, worker);
        kept = 0;
      } else {
        for (int member = 0; member < rule.group(); member++) {
          int head = keyHead * rule.group() + member;
          recurrences[worker].step(
              run.state(),
              layer,
              head,
              run.position(row),
              kept,
              x,
              row * rule.convSize(),
              (float) Math.exp(gates.logDecay(row, head)),
              gates.beta(row, head),
              out,
              row * outputStride + head * rule.valueDim());
        }
        kept = DeltaRecurrence.keptAfter(kept, run.position(row));
      }
      for (int done = row; done < end; done++) {
        for (int member = 0; member < rule.group(); member++) {
          gate(done, (keyHead * rule.group() + member) * rule.valueDim(), normWeight);
        }
      }
      row = end;
    }
  }

  /** Rows of a prompt that are solved at once. */
  private void piece(
      DeltaState state, int layer, int keyHead, int kept, int row, int end, int worker) {
    int queryAt = keyHead * rule.keyDim();
    float[] matrix = state.matrices[layer];
    chunks[worker].load(end - row, row, x, rule.convSize(), queryAt, rule.keySize() + queryAt);
    for (int member = 0; member < rule.group(); member++) {
      int head = keyHead * rule.group() + member;
      recurrences[worker].settle(state, layer, head, kept);
      chunks[worker].forward(
          head,
          2 * rule.keySize() + head * rule.valueDim(),
          gates,
          matrix,
          head * stateSize,
          matrix,
          head * stateSize,
          out,
          outputStride,
          head * rule.valueDim());
    }
  }

  /** The norm of a head's output, times SiLU of its gate. */
  private void gate(int row, int outAt, float[] normWeight) {
    int at = row * outputStride + outAt;
    int gateAt = row * inputStride + whole(rule.convSize()) + outAt;
    norm.row(rule.valueDim(), out, at, normWeight, out, at);
    int d = 0;
    for (; d <= rule.valueDim() - LANES; d += LANES) {
      FloatVector z = FloatVector.fromArray(SPECIES, mixed, gateAt + d);
      z.div(FastExp.exp(z.neg()).add(1f))
          .mul(FloatVector.fromArray(SPECIES, out, at + d))
          .intoArray(out, at + d);
    }
    for (; d < rule.valueDim(); d++) {
      float z = mixed[gateAt + d];
      out[at + d] *= z / (1f + FastExp.exp(-z));
    }
  }
}

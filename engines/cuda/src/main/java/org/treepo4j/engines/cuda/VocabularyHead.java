package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * Log-probabilities and entropies from hidden states, without ever holding logits of more than a
 * chunk of rows by a chunk of the vocabulary: greatest logit, {@code Σ exp} and {@code Σ exp·logit}
 * of every row are carried from chunk to chunk. The backward pass computes the logits once more.
 *
 * <p>With {@code z = logit / temperature}, {@code L = ln Σ exp z} and {@code p = exp(z − L)}:
 * {@code logprob(v) = z_v − L}, {@code H = L − Σ p·z}, {@code ∂logprob(t)/∂z_v = [v = t] − p_v},
 * {@code ∂H/∂z_v = −p_v·(z_v − L + H)}.
 */
final class VocabularyHead {
  private static final int THREADS = 256;

  /** Rows of a chunk. */
  private static final int ROWS = 1024;

  /** Vocabulary entries of a chunk. */
  private static final int COLUMNS = 8192;

  private final Device device;
  private final Products products;
  private final RowKernels rowKernels;
  private final Kernel reset;
  private final Kernel accumulate;
  private final Kernel finish;
  private final Kernel[] derive;
  private final Kernel shapeKernel;
  private final int rowsAtOnce;
  private final int columnsAtOnce;
  private DeviceArray logits;
  private DeviceArray dLogits;
  private DeviceArray compactHidden;
  private DeviceArray compactGradient;

  /**
   * What becomes of products with the head: {@code logit = cap·tanh(factor·x/cap)}.
   *
   * @param factor 1 for none
   * @param cap 0 for none
   */
  record LogitShape(float factor, float cap) {
    static LogitShape of(ModelConfig config) {
      return new LogitShape(
          (float) (1 / config.design().scales().logitDivisor()),
          (float) config.design().caps().logits());
    }
  }

  /**
   * Which tokens each row predicts.
   *
   * @param starts first target of each row, {@code I32 [rows + 1]}
   * @param rows row of each target, where its log-probability goes, {@code I32 [targets]}
   * @param tokens of each target, {@code I32 [targets]}
   */
  record Targets(DeviceArray starts, DeviceArray rows, DeviceArray tokens) {}

  /**
   * Running statistics of every row over the vocabulary, and what comes of them.
   *
   * @param greatest logit so far, {@code F32 [rows]}
   * @param sums {@code Σ exp(z)} with {@code z = (logit − greatest)/temperature}, {@code F64
   *     [rows]}
   * @param moments {@code Σ exp(z)·z}, {@code F64 [rows]}
   * @param logSums {@code ln Σ exp(z)}, {@code F32 [rows]}
   * @param entropies of the distribution after every row, {@code F32 [rows]}
   * @param logprobs of every row's token given its ancestors, 0 for roots, {@code F32 [rows]}
   */
  record Scores(
      DeviceArray greatest,
      DeviceArray sums,
      DeviceArray moments,
      DeviceArray logSums,
      DeviceArray entropies,
      DeviceArray logprobs) {

    static Scores of(Device device, int rows) {
      return new Scores(
          device.allocate(F32, rows),
          device.allocate(F64, rows),
          device.allocate(F64, rows),
          device.allocate(F32, rows),
          device.allocate(F32, rows),
          device.allocate(F32, rows));
    }

    void free(Device device) {
      device.free(greatest);
      device.free(sums);
      device.free(moments);
      device.free(logSums);
      device.free(entropies);
      device.free(logprobs);
    }
  }

  VocabularyHead(Device device, Products products, RowKernels rowKernels) {
    this(device, products, rowKernels, ROWS, COLUMNS);
  }

  /** With other chunks, for tests. */
  VocabularyHead(
      Device device, Products products, RowKernels rowKernels, int rowsAtOnce, int columnsAtOnce) {
    this.device = device;
    this.products = products;
    this.rowKernels = rowKernels;
    this.rowsAtOnce = rowsAtOnce;
    this.columnsAtOnce = columnsAtOnce;
    reset = device.kernel("head", "head_reset");
    accumulate = device.kernel("head", "head_accumulate");
    finish = device.kernel("head", "head_finish");
    derive =
        new Kernel[] {
          device.kernel("head", "head_derive_f"), device.kernel("head", "head_derive_b")
        };
    shapeKernel = device.kernel("head", "head_shape");
  }

  /** Scratch memory in bytes, whatever the number of rows: for the engine's need of memory. */
  static long scratchBytes(int width) {
    return 2L * Float.BYTES * ROWS * (COLUMNS + width);
  }

  /**
   * @param hidden {@code [rows × width]}
   * @param weights {@code [vocabulary × width]}, of the same type
   */
  void forward(
      int rows,
      int width,
      int vocabulary,
      DeviceArray hidden,
      DeviceArray weights,
      LogitShape shape,
      Targets targets,
      float temperature,
      Scores out) {
    targets.starts().require("starts", I32, rows + 1L);
    out.greatest().require("scores", rows);
    reset.launch(
        Grid.of(Kernel.parts(rows, THREADS)),
        THREADS,
        0,
        rows,
        out.greatest(),
        out.sums(),
        out.moments(),
        out.logprobs());
    for (int first = 0; first < rows; first += rowsAtOnce) {
      int count = Math.min(rowsAtOnce, rows - first);
      for (int column = 0; column < vocabulary; column += columnsAtOnce) {
        int columns = Math.min(columnsAtOnce, vocabulary - column);
        chunk(count, width, column, columns, hidden.from((long) first * width), weights);
        accumulate.launch(
            Grid.of(count),
            THREADS,
            0,
            first,
            column,
            columns,
            shape.factor(),
            shape.cap(),
            1 / temperature,
            logits,
            targets.starts(),
            targets.rows(),
            targets.tokens(),
            out.greatest(),
            out.sums(),
            out.moments(),
            out.logprobs());
      }
    }
    finish.launch(
        Grid.of(Kernel.parts(rows, THREADS)),
        THREADS,
        0,
        rows,
        1 / temperature,
        targets.starts(),
        targets.rows(),
        out.greatest(),
        out.sums(),
        out.moments(),
        out.logSums(),
        out.entropies(),
        out.logprobs());
  }

  /**
   * Gradients of {@code Σ dLogprob·logprob + dEntropy·entropy}. Rows that are not active have none.
   *
   * @param active rows with a derivative that is not 0, {@code I32 [actives]}
   * @param dLogprob by row of the token that is predicted, {@code F32 [rows]}
   * @param dEntropy by row that predicts, {@code F32 [rows]}
   * @param dHidden overwritten, {@code [rows × width]}
   * @param dWeights added to, {@code F32 [vocabulary × width]}, or null when not wanted
   */
  void backward(
      int rows,
      int width,
      int vocabulary,
      int actives,
      DeviceArray active,
      DeviceArray hidden,
      DeviceArray weights,
      LogitShape shape,
      Targets targets,
      float temperature,
      Scores scores,
      DeviceArray dLogprob,
      DeviceArray dEntropy,
      DeviceArray dHidden,
      DeviceArray dWeights) {
    Type type = hidden.type();
    device.clear(dHidden.part(0, (long) rows * width));
    long most = Math.min(rowsAtOnce, actives);
    compactHidden = device.atLeast(compactHidden, type, most * width);
    compactGradient = device.atLeast(compactGradient, F32, most * width);
    for (int first = 0; first < actives; first += rowsAtOnce) {
      int count = Math.min(rowsAtOnce, actives - first);
      DeviceArray index = active.from(first);
      rowKernels.gather(count, width, index, hidden, compactHidden);
      for (int column = 0; column < vocabulary; column += columnsAtOnce) {
        int columns = Math.min(columnsAtOnce, vocabulary - column);
        chunk(count, width, column, columns, compactHidden, weights);
        dLogits = device.atLeast(dLogits, type, (long) rowsAtOnce * columnsAtOnce);
        derive[type == F32 ? 0 : 1].launch(
            Grid.of(count),
            THREADS,
            0,
            column,
            columns,
            shape.factor(),
            shape.cap(),
            1 / temperature,
            index,
            logits,
            targets.starts(),
            targets.rows(),
            targets.tokens(),
            scores.greatest(),
            scores.logSums(),
            scores.entropies(),
            dLogprob,
            dEntropy,
            dLogits);
        DeviceArray slice = weights.from((long) column * width);
        products.nn(count, width, columns, dLogits, slice, compactGradient, column > 0);
        if (dWeights != null) {
          DeviceArray dSlice = dWeights.from((long) column * width);
          products.tn(columns, width, count, dLogits, compactHidden, dSlice, true);
        }
      }
      rowKernels.scatter(count, width, index, compactGradient, dHidden);
    }
  }

  private void chunk(
      int count, int width, int column, int columns, DeviceArray hidden, DeviceArray weights) {
    logits = device.atLeast(logits, F32, (long) rowsAtOnce * columnsAtOnce);
    products.nt(count, columns, width, hidden, weights.from((long) column * width), logits, false);
  }

  /**
   * Logits of a few rows, {@code F32 [rows × vocabulary]}, as a decoder needs them: bits of a row
   * do not depend on the others.
   */
  void logits(
      int rows,
      int width,
      int vocabulary,
      DeviceArray hidden,
      DeviceArray weights,
      LogitShape shape,
      DeviceArray out) {
    out.require("logits", F32, (long) rows * vocabulary);
    products.rows(rows, vocabulary, width, hidden, weights, out, false);
    if (shape.factor() != 1 || shape.cap() != 0) {
      long n = (long) rows * vocabulary;
      shapeKernel.launch(
          Grid.of(Kernel.parts(n, THREADS)), THREADS, 0, n, shape.factor(), shape.cap(), out);
    }
  }
}

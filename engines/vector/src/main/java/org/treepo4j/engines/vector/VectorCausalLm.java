package org.treepo4j.engines.vector;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.RowTargets;
import org.treepo4j.model.engine.TokenLimits;

/**
 * The engine in pure Java: our own kernels on {@code float[]} with the JDK's Vector API, on all
 * processors. Needs the JVM flag {@code --add-modules jdk.incubator.vector}.
 *
 * <p>For one thread count all results are bit-identical from run to run, and so they are between
 * thread counts.
 */
public final class VectorCausalLm implements CausalLm {
  private final Weights weights;
  private final VectorOptions options;
  private final PackedMatrix.Factory factory;
  private final ModelParameters model;
  private final WorkerPool pool;
  private final Kernels kernels;
  private final TransformerForward forward;
  private final TransformerBackward backward;
  private final Deque<Activations> spare = new ArrayDeque<>();

  /** Most memory for activations that are kept so as not to be computed twice. */
  private final long keptBytes;

  /** Bytes of weights, gradients and the optimiser's moments, and of an adapted head. */
  private final long standing;

  /** Of a training pass so far. */
  private int mostRows;

  private long version;

  /** Made when the first decoder is opened. */
  private DecoderWeights packed;

  private long packedVersion;

  /**
   * @param weights used in place, not copied
   * @throws IllegalStateException when the JVM was started without the Vector API
   */
  public VectorCausalLm(Weights weights, VectorOptions options) {
    this(weights, options, PackedMatrix::own);
  }

  /**
   * With matrices for decoding of another make.
   *
   * @param weights used in place, not copied
   * @throws IllegalStateException when the JVM was started without the Vector API
   */
  public VectorCausalLm(Weights weights, VectorOptions options, PackedMatrix.Factory factory) {
    VectorApi.require();
    this.weights = weights;
    this.options = options;
    this.factory = factory;
    this.model = ModelParameters.of(weights);
    long trained = VectorMemory.trained(weights);
    this.standing =
        Float.BYTES * (VectorMemory.parameters(config()) + 3 * trained)
            + (model.head().isAdapted() ? VectorMemory.adaptedHead(config()) : 0);
    this.keptBytes = options.keptActivations().orElse(VectorMemory.keptAtMost(config(), trained));
    this.pool = new WorkerPool(options.threads());
    this.kernels = Kernels.of(weights, pool);
    this.forward = new TransformerForward(model, kernels);
    this.backward = new TransformerBackward(model, kernels);
  }

  @Override
  public ModelConfig config() {
    return weights.config();
  }

  @Override
  public Weights weights() {
    return weights;
  }

  @Override
  public void weightsChanged() {
    version++;
    model.refresh();
  }

  @Override
  public BranchingDecoder decoder(DecoderOptions decoderOptions) {
    if (!roomForBoth(mostRows)) {
      spare.clear();
    }
    if (packed == null) {
      packed = new DecoderWeights(model, options.weights(), factory, pool);
    } else if (packedVersion != version) {
      packed.pack();
    }
    packedVersion = version;
    return new VectorDecoder(this, new DecoderStep(model, packed, kernels), decoderOptions);
  }

  @Override
  public ForwardPass forward(List<TokenTree> trees, ForwardOptions forwardOptions) {
    TokenLimits.of(config()).check(trees);
    for (int t = 0; t < trees.size(); t++) {
      Routing.check(config(), trees.get(t), t);
    }
    TreeLayout layout = new TreeLayout(trees);
    RowTargets targets = new RowTargets(layout.order());
    boolean gradients = forwardOptions.gradients();
    if (gradients && !roomForBoth(layout.rows())) {
      packed = null;
    }
    Activations activations = spare.isEmpty() ? new Activations() : spare.pop();
    activations.reserve(config(), layout.rows(), gradients, keptBytes);
    mostRows = Math.max(mostRows, gradients ? layout.rows() : 0);
    if (activations.routing != null) {
      activations.routing.take(trees, layout);
    }
    forward.run(layout, targets, (float) forwardOptions.temperature(), activations);
    return new VectorForwardPass(this, layout, targets, forwardOptions, activations);
  }

  @Override
  public void close() {
    pool.close();
  }

  void backward(
      TreeLayout layout,
      RowTargets targets,
      ForwardOptions forwardOptions,
      Activations activations,
      float[] dLogprob,
      float[] dEntropy) {
    backward.run(
        layout,
        targets,
        (float) forwardOptions.temperature(),
        activations,
        forward,
        dLogprob,
        dEntropy);
  }

  /** Grows with every {@link #weightsChanged}. */
  long version() {
    return version;
  }

  WorkerPool pool() {
    return pool;
  }

  /** Logits of one row of final hidden states. */
  float[] logits(float[] hidden, int row) {
    int width = config().hiddenSize();
    float[] logits = new float[config().vocabSize()];
    kernels
        .gemm()
        .nt(
            1,
            logits.length,
            width,
            Matrix.of(hidden, width).from(row),
            Matrix.of(model.head().values(), width),
            Matrix.of(logits, logits.length),
            false);
    LogitShape.of(config()).forward(logits, 0, logits.length);
    return logits;
  }

  void giveBack(Activations activations) {
    spare.push(activations);
  }

  /**
   * Whether the JVM has room for what decoders read and what training passes hold at once. Where it
   * has not, one makes way for the other.
   */
  private boolean roomForBoth(int rows) {
    long needed =
        standing
            + VectorMemory.decoderWeights(config(), options.weights())
            + VectorMemory.trainingToken(config()) * rows
            + Math.min(VectorMemory.keptToken(config()) * rows, keptBytes);
    return needed < Runtime.getRuntime().maxMemory() / 3 * 2;
  }
}

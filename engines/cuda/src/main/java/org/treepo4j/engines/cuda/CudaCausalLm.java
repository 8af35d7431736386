package org.treepo4j.engines.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.VocabularyHead.LogitShape;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Optimizer;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.MemoryNeed;
import org.treepo4j.model.engine.TokenLimits;
import org.treepo4j.model.engine.TreeRows;
import org.treepo4j.model.engine.WeightStorage;

/**
 * The engine on an NVIDIA GPU. Weights, gradients and the optimiser's moments stay there; {@link
 * #weights} brings them to the heap where it is asked for them.
 *
 * <p>In float32 everything is float32. With bf16 weights, products read bf16 and sum up in float32,
 * activations inside blocks, keys and values are bf16; the weights that are trained, their
 * gradients, the residual stream and all statistics stay float32.
 */
final class CudaCausalLm implements CausalLm {
  private final Weights weights;
  private final Device device;
  private final Type type;
  private final Kernels kernels;
  private final CudaWeights model;
  private final CudaHead head;
  private final CudaLinear linear;
  private final CudaRotary rotary;
  private final CudaForward forward;
  private final CudaBackward backward;

  /** Of steps of decoders; null where {@link #forward} computes them. */
  private final StepForward fused;

  /** For passes with gradients, and for those without. */
  private final Deque<Activations> spareTraining = new ArrayDeque<>();

  private final Deque<Activations> spareScoring = new ArrayDeque<>();
  private long version;
  private boolean closed;

  /**
   * @param device which is closed with the model
   * @throws EngineUnavailableException when the device's memory does not hold the weights
   */
  CudaCausalLm(Weights weights, Device device, WeightStorage storage) {
    this.weights = weights;
    this.device = device;
    this.type = storage == WeightStorage.BF16 ? Type.BF16 : Type.F32;
    long needed = CudaMemory.weights(weights, type);
    long free = device.memory().free();
    if (needed > free) {
      throw new EngineUnavailableException(
          "the weights take %s on the GPU, which has %s left"
              .formatted(MemoryNeed.gigabytes(needed), MemoryNeed.gigabytes(free)));
    }
    this.kernels = Kernels.of(device);
    this.model = new CudaWeights(device, kernels.rows(), weights, type == Type.BF16);
    this.head = new CudaHead(device, kernels, model.head(), type);
    this.linear = new CudaLinear(device, kernels, type);
    this.rotary = new CudaRotary(device, kernels.rows(), weights);
    this.forward = new CudaForward(device, model, config(), kernels.rows(), linear, rotary, type);
    this.backward =
        new CudaBackward(device, model, config(), kernels, linear, rotary, forward, type);
    this.fused =
        StepForward.runs(model, config(), type)
            ? new StepForward(device, model, config(), kernels, rotary)
            : null;
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
    model.written();
    changed();
  }

  /** The device's weights have changed. */
  void changed() {
    version++;
    head.changed();
  }

  /** Grows with every change of the weights. */
  long version() {
    return version;
  }

  @Override
  public Optimizer optimizer(Weights trained, AdamW.Settings settings) {
    return new CudaOptimizer(this, device, kernels.updates(), model, trained, settings);
  }

  @Override
  public BranchingDecoder decoder(DecoderOptions options) {
    return new CudaDecoder(this, device, kernels, forward, fused, rotary, type, options);
  }

  @Override
  public ForwardPass forward(List<TokenTree> trees, ForwardOptions options) {
    TokenLimits.of(config()).check(trees);
    if (trees.stream().anyMatch(tree -> tree.experts() != null)) {
      throw new IllegalArgumentException("trees must name no experts, the model has none");
    }
    TreeRows rows = new TreeRows(trees);
    Activations activations = activations(rows.rows(), options.gradients());
    int last = 0;
    for (int position : rows.positions()) {
      last = Math.max(last, position);
    }
    rotary.reserve(last + 1);
    return new CudaForwardPass(this, device, kernels, rows, options, activations);
  }

  /** Those of an earlier pass of the same kind; other kinds keep theirs while there is memory. */
  private Activations activations(int rows, boolean gradients) {
    Deque<Activations> alike = gradients ? spareTraining : spareScoring;
    Deque<Activations> others = gradients ? spareScoring : spareTraining;
    Activations activations =
        alike.isEmpty() ? new Activations(device, config(), type) : alike.pop();
    long missing = activations.missing(rows, gradients);
    if (missing > 0 && 2 * missing > device.memory().free()) {
      others.forEach(Activations::close);
      others.clear();
    }
    activations.reserve(rows, gradients);
    return activations;
  }

  LogitShape logitShape() {
    return LogitShape.of(config());
  }

  CudaForward forward() {
    return forward;
  }

  CudaBackward backward() {
    return backward;
  }

  CudaHead head() {
    return head;
  }

  /** Whether the device's memory is still there. */
  boolean isOpen() {
    return !closed;
  }

  void giveBack(Activations activations) {
    (activations.forGradients() ? spareTraining : spareScoring).push(activations);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      model.close(); // brings what is newer to the heap
    } finally {
      device.close(); // frees all else
    }
  }
}

package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.WIDE;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.LoraAdapter;
import org.treepo4j.model.engine.WeightStorage;

/**
 * The matrices of a model, packed for decoding. Query, key and value are one matrix, and so are the
 * four projections of a linear layer's input; panels of gate and up alternate, so that a worker
 * that has both can apply the activation at once.
 */
final class DecoderWeights {

  /** The matrices of a feed-forward layer, or of one expert. */
  record FeedForward(PackedMatrix gateUp, PackedMatrix down) {
    static FeedForward create(
        PackedMatrix.Factory factory, WeightStorage storage, int hidden, int width) {
      return new FeedForward(
          factory.create(storage, 2 * PackedMatrix.panels(width), hidden),
          factory.create(storage, PackedMatrix.panels(hidden), width));
    }
  }

  /**
   * The matrices of one block.
   *
   * @param dense null in a mixture of experts; router and experts otherwise
   * @param router in float32 whatever the storage: rounding must not choose
   */
  record Layer(
      PackedMatrix attention,
      PackedMatrix output,
      FeedForward dense,
      PackedMatrix router,
      List<FeedForward> experts) {}

  private final ModelParameters model;
  private final WorkerPool pool;
  private final List<Layer> layers = new ArrayList<>();
  private final PackedMatrix head;

  DecoderWeights(
      ModelParameters model, WeightStorage storage, PackedMatrix.Factory factory, WorkerPool pool) {
    this.model = model;
    this.pool = pool;
    ModelConfig config = model.config();
    int hidden = config.hiddenSize();
    for (int layer = 0; layer < config.layers(); layer++) {
      boolean linear = config.linear(layer);
      DeltaRule rule = config.design().deltaRule();
      Experts experts = config.design().experts();
      layers.add(
          new Layer(
              factory.create(
                  storage, (linear ? linearWidth(rule) : attentionWidth(config)) / WIDE, hidden),
              factory.create(
                  storage,
                  PackedMatrix.panels(hidden),
                  linear ? rule.valueSize() : config.querySize()),
              experts == null
                  ? FeedForward.create(factory, storage, hidden, config.ffnSize())
                  : null,
              experts == null
                  ? null
                  : PackedMatrix.own(
                      WeightStorage.F32, PackedMatrix.panels(experts.count()), hidden),
              experts(factory, storage, experts, hidden)));
    }
    head = factory.create(storage, PackedMatrix.panels(config.vocabSize()), hidden);
    pack();
  }

  private static List<FeedForward> experts(
      PackedMatrix.Factory factory, WeightStorage storage, Experts experts, int hidden) {
    List<FeedForward> made = new ArrayList<>();
    for (int e = 0; experts != null && e < experts.count(); e++) {
      made.add(FeedForward.create(factory, storage, hidden, experts.width()));
    }
    return made;
  }

  /** Width of a row of queries, keys and values, each rounded up to whole panels. */
  static int attentionWidth(ModelConfig config) {
    return whole(config.queryRows()) + 2 * whole(config.kvSize());
  }

  /** Width of a row of a linear layer's input projections, each rounded up to whole panels. */
  static int linearWidth(DeltaRule rule) {
    return whole(rule.convSize()) + whole(rule.valueSize()) + 2 * whole(rule.valueHeads());
  }

  static int ffnWidth(ModelConfig config) {
    return whole(config.ffnSize());
  }

  /** {@code width} rounded up to whole panels. */
  static int whole(int width) {
    return PackedMatrix.panels(width) * WIDE;
  }

  Layer layer(int layer) {
    return layers.get(layer);
  }

  PackedMatrix head() {
    return head;
  }

  /** Copies the present weights, adapters merged in. */
  void pack() {
    for (int i = 0; i < layers.size(); i++) {
      LayerParameters weights = model.layers().get(i);
      Layer layer = layers.get(i);
      if (weights.delta() == null) {
        packSideBySide(layer.attention(), weights.query(), weights.key(), weights.value());
        pack(layer.output(), 0, 1, weights.output());
      } else {
        DeltaParameters delta = weights.delta();
        packSideBySide(layer.attention(), delta.qkv(), delta.gate(), delta.beta(), delta.decay());
        pack(layer.output(), 0, 1, delta.output());
      }
      if (weights.experts() == null) {
        pack(layer.dense(), weights.gate(), weights.up(), weights.down());
        continue;
      }
      pack(layer.router(), 0, 1, weights.experts().router());
      for (int e = 0; e < layer.experts().size(); e++) {
        ExpertParameters.Expert expert = weights.experts().experts().get(e);
        pack(layer.experts().get(e), expert.gate(), expert.up(), expert.down());
      }
    }
    pack(head, 0, 1, Projection.of(model.head().parameter()));
  }

  private void pack(FeedForward packed, Projection gate, Projection up, Projection down) {
    pack(packed.gateUp(), 0, 2, gate);
    pack(packed.gateUp(), 1, 2, up);
    pack(packed.down(), 0, 1, down);
  }

  private void packSideBySide(PackedMatrix packed, Projection... weights) {
    int panel = 0;
    for (Projection weight : weights) {
      pack(packed, panel, 1, weight);
      panel += PackedMatrix.panels(weight.out());
    }
  }

  private void pack(PackedMatrix packed, int firstPanel, int step, Projection weight) {
    int in = weight.in();
    LoraAdapter adapter = weight.adapter();
    float[][] merged = new float[adapter == null ? 0 : pool.threads()][WIDE * in];
    pool.run(
        PackedMatrix.panels(weight.out()),
        (panel, worker) -> {
          int place = firstPanel + panel * step;
          int first = weight.first() + panel * WIDE;
          int rows = Math.min(WIDE, weight.out() - panel * WIDE);
          if (adapter == null) {
            packed.pack(place, weight.parameter().values(), first, rows);
            return;
          }
          for (int row = 0; row < rows; row++) {
            adapter.copyMerged(first + row, merged[worker], row * in);
          }
          packed.pack(place, merged[worker], 0, rows);
        });
  }
}

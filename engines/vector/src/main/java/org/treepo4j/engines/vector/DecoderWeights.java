package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.WIDE;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.LoraAdapter;
import org.treepo4j.model.engine.WeightStorage;

/**
 * The matrices of a model, packed for decoding. Query, key and value are one matrix; panels of gate
 * and up alternate, so that a worker that has both can apply the activation at once.
 */
final class DecoderWeights {

  /** The matrices of one block. */
  record Layer(
      PackedMatrix attention, PackedMatrix output, PackedMatrix gateUp, PackedMatrix down) {}

  private final ModelParameters model;
  private final WorkerPool pool;
  private final List<Layer> layers = new ArrayList<>();
  private final PackedMatrix head;

  DecoderWeights(ModelParameters model, WeightStorage storage, WorkerPool pool) {
    this.model = model;
    this.pool = pool;
    ModelConfig config = model.config();
    int hidden = config.hiddenSize();
    for (int layer = 0; layer < config.layers(); layer++) {
      layers.add(
          new Layer(
              PackedMatrix.create(storage, attentionWidth(config), hidden),
              PackedMatrix.create(storage, hidden, config.querySize()),
              PackedMatrix.create(storage, 2 * ffnWidth(config), hidden),
              PackedMatrix.create(storage, hidden, config.ffnSize())));
    }
    head = PackedMatrix.create(storage, config.vocabSize(), hidden);
    pack();
  }

  /** Width of a row of queries, keys and values, each rounded up to whole panels. */
  static int attentionWidth(ModelConfig config) {
    return whole(config.querySize()) + 2 * whole(config.kvSize());
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
      int queryPanels = PackedMatrix.panels(model.config().querySize());
      int kvPanels = PackedMatrix.panels(model.config().kvSize());
      pack(layer.attention(), 0, 1, weights.query());
      pack(layer.attention(), queryPanels, 1, weights.key());
      pack(layer.attention(), queryPanels + kvPanels, 1, weights.value());
      pack(layer.output(), 0, 1, weights.output());
      pack(layer.gateUp(), 0, 2, weights.gate());
      pack(layer.gateUp(), 1, 2, weights.up());
      pack(layer.down(), 0, 1, weights.down());
    }
    pack(head, 0, 1, Projection.of(model.head().parameter()));
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

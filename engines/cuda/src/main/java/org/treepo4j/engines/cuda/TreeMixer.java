package org.treepo4j.engines.cuda;

import java.util.HashMap;
import java.util.Map;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.engine.TreeRows;

/**
 * Attention over trees: rows see themselves and their ancestors, as far as a layer's window goes.
 */
final class TreeMixer implements CudaForward.Mixer, AutoCloseable {
  private final ModelConfig config;
  private final TreeAttention attention;
  private final AttentionShape shape;
  private final Map<Integer, TreeTiles> tiles = new HashMap<>();

  TreeMixer(Device device, ModelConfig config, TreeAttention attention, TreeRows rows) {
    this.config = config;
    this.attention = attention;
    this.shape = AttentionShape.of(config);
    for (int layer = 0; layer < config.layers(); layer++) {
      tiles.computeIfAbsent(
          config.window(layer),
          window -> new TreeTiles(device, rows.parents(), rows.positions(), window));
    }
  }

  TreeTiles tiles(int layer) {
    return tiles.get(config.window(layer));
  }

  @Override
  public void attend(int layer, Activations.Inner inner) {
    attention.forward(
        shape, tiles(layer), inner.q, inner.k, inner.v, inner.attended, inner.normalizers);
  }

  @Override
  public void close() {
    tiles.values().forEach(TreeTiles::close);
  }
}

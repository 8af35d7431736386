package org.treepo4j.engines.samediff;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.treepo4j.checkpoints.Design.QueryGrowth;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * What attention of each block needs to know of some rows: layers of one window share a mask, those
 * of one rotary embedding its table.
 */
final class LayerRows implements AutoCloseable {
  private final ModelConfig config;
  private final Map<Integer, Tensor> masks = new HashMap<>();
  private final Map<Rotary, Tensor> cosines = new HashMap<>();
  private final Map<Rotary, Tensor> sines = new HashMap<>();
  private final Tensor growth;

  /**
   * @param positions of the rows
   * @param mask makes the mask of a window, {@code [1, 1, rows·group, columns]}
   */
  LayerRows(
      ModelConfig config,
      Map<Rotary, RotaryTable> tables,
      int[] positions,
      IntFunction<Tensor> mask) {
    this.config = config;
    for (int layer = 0; layer < config.layers(); layer++) {
      masks.computeIfAbsent(config.window(layer), mask::apply);
      config
          .rotary(layer)
          .ifPresent(
              rotary -> {
                cosines.computeIfAbsent(rotary, r -> tables.get(r).cosines(positions));
                sines.computeIfAbsent(rotary, r -> tables.get(r).sines(positions));
              });
    }
    QueryGrowth grown = config.design().queryGrowth();
    growth = grown.beta() == 0 ? null : factors(grown, positions);
  }

  /** {@code [rows, 1, 1]}. */
  private static Tensor factors(QueryGrowth growth, int[] positions) {
    float[] factors = new float[positions.length];
    for (int row = 0; row < factors.length; row++) {
      factors[row] = (float) growth.at(positions[row]);
    }
    return Tensor.of(factors, factors.length, 1, 1);
  }

  /** The rows as one block sees them; they stay this object's. */
  BlockGraph.Rows of(int layer) {
    Optional<Rotary> rotary = config.rotary(layer);
    return new BlockGraph.Rows(
        rotary.map(cosines::get).orElse(null),
        rotary.map(sines::get).orElse(null),
        masks.get(config.window(layer)),
        growth);
  }

  @Override
  public void close() {
    masks.values().forEach(Tensor::close);
    cosines.values().forEach(Tensor::close);
    sines.values().forEach(Tensor::close);
    if (growth != null) {
      growth.close();
    }
  }
}

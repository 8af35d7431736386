package org.treepo4j.engines.cuda;

import java.util.HashMap;
import java.util.Map;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.RotaryFrequencies;
import org.treepo4j.model.Weights;

/** Cosines and sines of the layers' rotary embeddings, as far as positions were asked for. */
final class CudaRotary implements AutoCloseable {
  /** Positions that tables begin with. */
  private static final int FIRST = 256;

  private final Device device;
  private final RowKernels rowKernels;
  private final Weights weights;
  private final ModelConfig config;
  private final int half;
  private final Map<Rotary, Table> tables = new HashMap<>();

  /** Cosines and sines, {@code F32 [positions × half]}. */
  private record Table(int positions, DeviceArray cosines, DeviceArray sines) {}

  CudaRotary(Device device, RowKernels rowKernels, Weights weights) {
    this.device = device;
    this.rowKernels = rowKernels;
    this.weights = weights;
    this.config = weights.config();
    this.half = config.rotaryWidth() / 2;
  }

  /** Makes ready for positions below a limit; nothing is allocated below it afterwards. */
  void reserve(int limit) {
    for (int layer = 0; layer < config.layers(); layer++) {
      config.rotary(layer).ifPresent(rotary -> reserve(rotary, limit));
    }
  }

  private void reserve(Rotary rotary, int limit) {
    Table known = tables.get(rotary);
    if (known != null && known.positions >= limit) {
      return;
    }
    int wanted = Math.max(Math.min(FIRST, config.maxPositions()), limit);
    if (known != null) {
      wanted = Math.min(config.maxPositions(), Math.max(wanted, 2 * known.positions));
      device.free(known.cosines);
      device.free(known.sines);
    }
    double factor = RotaryFrequencies.attentionFactor(rotary);
    double[] frequencies = RotaryFrequencies.of(weights, rotary);
    float[] cosines = new float[Math.multiplyExact(wanted, half)];
    float[] sines = new float[cosines.length];
    for (int position = 0; position < wanted; position++) {
      for (int i = 0; i < half; i++) {
        double angle = position * frequencies[i];
        cosines[position * half + i] = (float) (factor * Math.cos(angle));
        sines[position * half + i] = (float) (factor * Math.sin(angle));
      }
    }
    tables.put(rotary, new Table(wanted, device.upload(cosines), device.upload(sines)));
  }

  /**
   * Turns the queries and keys of a layer in place; does nothing in one without positions.
   *
   * @param positions {@code I32 [rows]}, {@link #reserve}d
   * @param q {@code [rows × heads·dim]}
   * @param k {@code [rows × kvHeads·dim]}
   * @param back turns back, which is the backward pass
   */
  void rotate(
      int layer, int rows, DeviceArray positions, DeviceArray q, DeviceArray k, boolean back) {
    if (config.rotary(layer).isEmpty()) {
      return;
    }
    Table table = tables.get(config.rotary(layer).get());
    int dim = config.headDim();
    rowKernels.rotate(
        rows, config.heads(), dim, half, positions, table.cosines, table.sines, q, back);
    rowKernels.rotate(
        rows, config.kvHeads(), dim, half, positions, table.cosines, table.sines, k, back);
  }

  /** What the heads of a layer are turned by, {@link #reserve}d. */
  StepKernels.Angles angles(int layer) {
    return config
        .rotary(layer)
        .map(tables::get)
        .map(table -> new StepKernels.Angles(half, table.cosines, table.sines))
        .orElse(StepKernels.Angles.NONE);
  }

  @Override
  public void close() {
    for (Table table : tables.values()) {
      device.free(table.cosines);
      device.free(table.sines);
    }
  }
}

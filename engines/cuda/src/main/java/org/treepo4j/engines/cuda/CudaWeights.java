package org.treepo4j.engines.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.LoraAdapter;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/** A model's weights by their role, on the device. */
final class CudaWeights implements AutoCloseable {
  private final Device device;
  private final RowKernels rows;
  private final Weights weights;
  private final boolean halves;
  private final Map<Parameter, CudaParameter> parameters = new LinkedHashMap<>();
  private final List<DeviceArray> bases = new ArrayList<>();
  private final Map<String, CudaMatrix> matrices = new HashMap<>();
  private final List<Layer> layers = new ArrayList<>();
  private final CudaMatrix embedding;
  private final CudaMatrix head;
  private final CudaParameter finalNorm;

  /**
   * The weights of one block; biases and norms are null where the model has none.
   *
   * @param attentionNorm of attention's input
   * @param attentionOutNorm of attention's output, before it joins the residual stream
   * @param ffnNorm of the feed-forward layer's input
   * @param ffnOutNorm of its output
   */
  record Layer(
      CudaParameter attentionNorm,
      CudaParameter attentionOutNorm,
      CudaParameter ffnNorm,
      CudaParameter ffnOutNorm,
      CudaParameter queryNorm,
      CudaParameter keyNorm,
      CudaMatrix query,
      CudaMatrix key,
      CudaMatrix value,
      CudaMatrix output,
      CudaMatrix gate,
      CudaMatrix up,
      CudaMatrix down,
      CudaParameter queryBias,
      CudaParameter keyBias,
      CudaParameter valueBias,
      CudaParameter outputBias) {
    List<CudaMatrix> matrices() {
      return List.of(query, key, value, output, gate, up, down);
    }
  }

  /**
   * @param halves whether products read bf16
   */
  CudaWeights(Device device, RowKernels rows, Weights weights, boolean halves) {
    this.device = device;
    this.rows = rows;
    this.weights = weights;
    this.halves = halves;
    ModelConfig config = weights.config();
    embedding = matrix(TensorNames.EMBEDDING);
    for (int layer = 0; layer < config.layers(); layer++) {
      layers.add(layer(config, layer));
    }
    finalNorm = vector(TensorNames.FINAL_NORM, true);
    head = config.tiedEmbeddings() ? embedding : matrix(TensorNames.HEAD);
  }

  private Layer layer(ModelConfig config, int layer) {
    Architecture family = config.architecture();
    boolean before = family.norms() == Norms.BEFORE;
    boolean around = family.norms() == Norms.AROUND;
    boolean fused = family.fusedProjections();
    int query = config.queryRows();
    int kv = config.kvSize();
    int ffn = config.ffnSize();
    return new Layer(
        vector(layer, TensorNames.INPUT_NORM, before || around),
        vector(layer, TensorNames.POST_ATTENTION_NORM, !before),
        before
            ? vector(layer, TensorNames.POST_ATTENTION_NORM, true)
            : vector(layer, TensorNames.PRE_FFN_NORM, around),
        vector(layer, TensorNames.POST_FFN_NORM, !before),
        vector(layer, TensorNames.QUERY_NORM, config.qkNorm()),
        vector(layer, TensorNames.KEY_NORM, config.qkNorm()),
        part(layer, TensorNames.QUERY, fused, TensorNames.QKV, 0, query),
        part(layer, TensorNames.KEY, fused, TensorNames.QKV, query, kv),
        part(layer, TensorNames.VALUE, fused, TensorNames.QKV, query + kv, kv),
        matrix(TensorNames.ofLayer(layer, TensorNames.OUTPUT)),
        part(layer, TensorNames.GATE, fused, TensorNames.GATE_UP, 0, ffn),
        part(layer, TensorNames.UP, fused, TensorNames.GATE_UP, ffn, ffn),
        matrix(TensorNames.ofLayer(layer, TensorNames.DOWN)),
        vector(layer, TensorNames.QUERY_BIAS, config.qkvBias()),
        vector(layer, TensorNames.KEY_BIAS, config.qkvBias()),
        vector(layer, TensorNames.VALUE_BIAS, config.qkvBias()),
        vector(layer, TensorNames.OUTPUT_BIAS, config.outputBias()));
  }

  /** A matrix of its own, or rows of a fused one. */
  private CudaMatrix part(int layer, String own, boolean fused, String all, int first, int count) {
    return fused
        ? matrix(TensorNames.ofLayer(layer, all)).rows(first, count)
        : matrix(TensorNames.ofLayer(layer, own));
  }

  private CudaMatrix matrix(String name) {
    CudaMatrix known = matrices.get(name);
    return known != null ? known : made(name);
  }

  private CudaMatrix made(String name) {
    Parameter parameter = weights.parameter(name);
    int out = parameter.shape()[0];
    int in = parameter.shape()[1];
    LoraAdapter adapter = parameter.adapter();
    CudaMatrix matrix;
    if (adapter == null) {
      matrix = new CudaMatrix(of(parameter, halves), null, 0, out, in);
    } else {
      DeviceArray base =
          CudaMatrix.LowRank.base(device, rows, adapter, Math.multiplyExact(out, in), halves);
      bases.add(base);
      matrix =
          new CudaMatrix(
              null,
              new CudaMatrix.LowRank(
                  base,
                  of(adapter.a(), halves),
                  of(adapter.b(), halves),
                  adapter.rank(),
                  adapter.scale()),
              0,
              out,
              in);
    }
    matrices.put(name, matrix);
    return matrix;
  }

  private CudaParameter vector(int layer, String name, boolean present) {
    return vector(TensorNames.ofLayer(layer, name), present);
  }

  private CudaParameter vector(String name, boolean present) {
    return present ? of(weights.parameter(name), false) : null;
  }

  private CudaParameter of(Parameter parameter, boolean rounded) {
    return parameters.computeIfAbsent(parameter, p -> new CudaParameter(device, rows, p, rounded));
  }

  /**
   * A parameter of the model or of its adapters.
   *
   * @throws IllegalArgumentException when it is of another model
   */
  CudaParameter find(Parameter parameter) {
    CudaParameter found = parameters.get(parameter);
    if (found == null) {
      throw new IllegalArgumentException("the model has no parameter " + parameter.name());
    }
    return found;
  }

  CudaMatrix embedding() {
    return embedding;
  }

  List<Layer> layers() {
    return layers;
  }

  CudaParameter finalNorm() {
    return finalNorm;
  }

  /** The output matrix; the embedding where the two are tied. */
  CudaMatrix head() {
    return head;
  }

  /** Values on the heap may have been written. */
  void written() {
    parameters.values().forEach(CudaParameter::written);
  }

  @Override
  public void close() {
    parameters.values().forEach(CudaParameter::close);
    bases.forEach(device::free);
  }
}

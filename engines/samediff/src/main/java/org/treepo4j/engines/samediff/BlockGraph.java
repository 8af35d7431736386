package org.treepo4j.engines.samediff;

import static org.treepo4j.engines.samediff.GraphParts.gelu;
import static org.treepo4j.engines.samediff.GraphParts.linear;
import static org.treepo4j.engines.samediff.GraphParts.rmsNorm;
import static org.treepo4j.engines.samediff.GraphParts.silu;
import static org.treepo4j.engines.samediff.GraphParts.softCap;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.TensorNames;

/**
 * One transformer block as a SameDiff graph: {@code h = x + attention(norm(x))}, {@code y = h +
 * ffn(norm(h))}, or with norms where else the family has them. Tokens of a tree are rows; who may
 * attend to whom is an input.
 *
 * <p>The graph computes the block for tokens alone or for tokens behind cached ones, and the
 * derivatives that follow from that by the output. A backward pass computes the block's activations
 * again, so that a forward pass keeps no more than the input of every block.
 */
final class BlockGraph {
  private static final String INPUT = "x";
  private static final String COSINES = "cosines";
  private static final String SINES = "sines";
  private static final String ROTATION = "rotation";
  private static final String GROWTH = "growth";
  private static final String MASK = "mask";
  private static final String PAST_KEYS = "pastKeys";
  private static final String PAST_VALUES = "pastValues";
  private static final String OUTPUT_GRADIENT = "dy";
  private static final String OUTPUT = "y";
  private static final String CACHED_OUTPUT = "yBehindCached";
  private static final String KEYS = "keys";
  private static final String VALUES = "values";

  private final ModelConfig config;
  private final NativeWeights weights;
  private final int layer;
  private final boolean rotated;
  private final SameDiff graph = SameDiff.create();
  private final List<String> names = new ArrayList<>();
  private final GraphRunner forward;
  private final GradientRunner gradients;

  /**
   * What attention of a block needs to know of its rows, beside the rows themselves.
   *
   * @param cosines {@code [rows, 1, dim]}, null without rotary embedding; so are the sines
   * @param mask {@code [1, 1, rows·group, columns]}
   * @param growth factors of queries, {@code [rows, 1, 1]}, or null
   */
  record Rows(Tensor cosines, Tensor sines, Tensor mask, Tensor growth) {}

  /**
   * Outputs of a block, {@code [rows, hidden]}, and its keys and values, {@code [rows, kvSize]}.
   */
  record Outcome(Tensor output, Tensor keys, Tensor values) {}

  BlockGraph(ModelConfig config, NativeWeights weights, Tensor rotation, int layer) {
    this.config = config;
    this.weights = weights;
    this.layer = layer;
    this.rotated = config.rotary(layer).isPresent();
    SDVariable x = graph.placeHolder(INPUT, DataType.FLOAT, -1, config.hiddenSize());
    SDVariable mask = graph.placeHolder(MASK, DataType.FLOAT, 1, 1, -1, -1);
    SDVariable pastKeys = graph.placeHolder(PAST_KEYS, DataType.FLOAT, -1, config.kvSize());
    SDVariable pastValues = graph.placeHolder(PAST_VALUES, DataType.FLOAT, -1, config.kvSize());
    graph.placeHolder(OUTPUT_GRADIENT, DataType.FLOAT, -1, config.hiddenSize());
    if (rotated) {
      graph.placeHolder(COSINES, DataType.FLOAT, -1, 1, config.headDim());
      graph.placeHolder(SINES, DataType.FLOAT, -1, 1, config.headDim());
      graph.constant(ROTATION, rotation.array());
    }

    boolean after = config.architecture().norms() == Norms.AFTER;
    SDVariable normed = after ? x : norm(x, TensorNames.INPUT_NORM);
    List<SDVariable> qkv = queriesKeysValues(normed);
    SDVariable queries = heads(qkv.get(0), config.heads(), TensorNames.QUERY_NORM);
    if (config.design().queryGrowth().beta() != 0) {
      queries = queries.mul(graph.placeHolder(GROWTH, DataType.FLOAT, -1, 1, 1));
    }
    SDVariable keys = heads(qkv.get(1), config.kvHeads(), TensorNames.KEY_NORM);
    keys = keys.reshape(-1, config.kvSize()).rename(KEYS);
    SDVariable values = qkv.get(2).rename(VALUES);

    rest(x, attention(queries, keys, values, mask)).rename(OUTPUT);
    SDVariable behind =
        attention(
            queries, graph.concat(0, pastKeys, keys), graph.concat(0, pastValues, values), mask);
    rest(x, behind).rename(CACHED_OUTPUT);
    forward = new GraphRunner(graph);
    gradients = new GradientRunner(graph, weights, names, INPUT, OUTPUT, OUTPUT_GRADIENT);
  }

  /** The block for tokens that see only each other; input {@code [rows, hidden]}. */
  Outcome run(Tensor input, Rows rows) {
    List<Tensor> outputs = forward.run(inputs(input, rows), List.of(OUTPUT, KEYS, VALUES));
    return new Outcome(outputs.get(0), outputs.get(1), outputs.get(2));
  }

  /**
   * The block for tokens behind cached ones, {@code [cached, kvSize]}; the mask's columns are the
   * cached tokens, then the rows.
   */
  Outcome run(Tensor input, Rows rows, INDArray pastKeys, INDArray pastValues) {
    Map<String, INDArray> inputs = inputs(input, rows);
    inputs.put(PAST_KEYS, pastKeys);
    inputs.put(PAST_VALUES, pastValues);
    List<Tensor> outputs = forward.run(inputs, List.of(CACHED_OUTPUT, KEYS, VALUES));
    return new Outcome(outputs.get(0), outputs.get(1), outputs.get(2));
  }

  /** Whether any weight of the block is trainable. */
  boolean trainable() {
    return gradients.trainable();
  }

  /**
   * Adds the gradients of the block's trainable weights to their parameters.
   *
   * @param outputGradient derivative by the output, {@code [rows, hidden]}
   * @return derivative by the input, the caller's to close
   */
  Tensor backward(Tensor input, Rows rows, Tensor outputGradient) {
    Map<String, INDArray> inputs = inputs(input, rows);
    inputs.put(OUTPUT_GRADIENT, outputGradient.array());
    return gradients.run(inputs);
  }

  private Map<String, INDArray> inputs(Tensor input, Rows rows) {
    Map<String, INDArray> inputs = new HashMap<>();
    inputs.put(INPUT, input.array());
    if (rotated) {
      inputs.put(COSINES, rows.cosines().array());
      inputs.put(SINES, rows.sines().array());
    }
    if (rows.growth() != null) {
      inputs.put(GROWTH, rows.growth().array());
    }
    inputs.put(MASK, rows.mask().array());
    return inputs;
  }

  private SDVariable weight(String tensor) {
    String name = TensorNames.ofLayer(layer, tensor);
    if (!names.contains(name)) {
      names.add(name);
      return graph.var(name, weights.array(name));
    }
    return graph.getVariable(name);
  }

  /** {@code [rows, in] → [rows, out]}. */
  private SDVariable project(SDVariable x, String matrix, String bias) {
    SDVariable projected = linear(graph, x, weight(matrix));
    boolean biased = weights.has(TensorNames.ofLayer(layer, bias));
    return biased ? projected.add(weight(bias)) : projected;
  }

  /** Queries {@code [rows, querySize]}, keys and values {@code [rows, kvSize]}. */
  private List<SDVariable> queriesKeysValues(SDVariable x) {
    if (config.architecture().fusedProjections()) {
      SDVariable all = weight(TensorNames.QKV);
      int keys = config.querySize();
      int values = keys + config.kvSize();
      return List.of(
          part(x, all, 0, keys),
          part(x, all, keys, values),
          part(x, all, values, values + config.kvSize()));
    }
    return List.of(
        project(x, TensorNames.QUERY, TensorNames.QUERY_BIAS),
        project(x, TensorNames.KEY, TensorNames.KEY_BIAS),
        project(x, TensorNames.VALUE, TensorNames.VALUE_BIAS));
  }

  /**
   * The product with some rows of a fused matrix. Columns of the whole product would be the same,
   * but the derivative of SameDiff's slices fails where there is one row.
   */
  private SDVariable part(SDVariable x, SDVariable fused, int from, int to) {
    return linear(graph, x, fused.get(SDIndex.interval(from, to), SDIndex.all()));
  }

  /** Normalises rows, {@code [rows, width]}. */
  private SDVariable norm(SDVariable x, String weight) {
    return rmsNorm(graph, x, 1, normWeight(weight), config.normEps());
  }

  private SDVariable normWeight(String weight) {
    return GraphParts.factor(weight(weight), config.architecture().normsAddOne());
  }

  /**
   * Normalises where the model does and rotates: {@code [rows, heads·dim] → [rows, heads, dim]}.
   */
  private SDVariable heads(SDVariable x, int heads, String norm) {
    boolean spanning = config.qkNorm() && config.architecture().normsSpanHeads();
    SDVariable split = (spanning ? norm(x, norm) : x).reshape(-1, heads, config.headDim());
    if (config.qkNorm() && !spanning) {
      split = rmsNorm(graph, split, 2, normWeight(norm), config.normEps());
    }
    if (!rotated) {
      return split;
    }
    SDVariable turned =
        graph
            .mmul(split.reshape(-1, config.headDim()), graph.getVariable(ROTATION))
            .reshape(-1, heads, config.headDim());
    return split.mul(graph.getVariable(COSINES)).add(turned.mul(graph.getVariable(SINES)));
  }

  /**
   * Grouped-query attention. The query heads of one key/value head become further rows, so that
   * keys and values are never repeated: row {@code t·group + g}.
   *
   * @param queries {@code [rows, heads, dim]}
   * @param keys {@code [columns, kvSize]}
   * @param values {@code [columns, kvSize]}
   * @param mask 0 where a row may look, very negative elsewhere, {@code [1, 1, rows·group,
   *     columns]}
   * @return {@code [rows, querySize]}
   */
  private SDVariable attention(
      SDVariable queries, SDVariable keys, SDVariable values, SDVariable mask) {
    int kvHeads = config.kvHeads();
    int group = config.headsPerKvHead();
    int dim = config.headDim();
    SDVariable q =
        queries
            .mul(config.attentionScale())
            .reshape(-1, kvHeads, group, dim)
            .permute(1, 0, 2, 3)
            .reshape(1, kvHeads, -1, dim);
    SDVariable k = keys.reshape(-1, kvHeads, dim).permute(1, 0, 2).reshape(1, kvHeads, -1, dim);
    SDVariable v = values.reshape(-1, kvHeads, dim).permute(1, 0, 2).reshape(1, kvHeads, -1, dim);
    SDVariable products = graph.mmul(q, k, false, true, false);
    SDVariable scores = softCap(graph, products, config.design().caps().attention()).add(mask);
    return graph
        .mmul(graph.nn().softmax(scores, 3), v)
        .reshape(kvHeads, -1, group, dim)
        .permute(1, 0, 2, 3)
        .reshape(-1, config.querySize());
  }

  /** Output projection, residual and feed-forward layer. */
  private SDVariable rest(SDVariable x, SDVariable attended) {
    Norms norms = config.architecture().norms();
    SDVariable output = project(attended, TensorNames.OUTPUT, TensorNames.OUTPUT_BIAS);
    if (norms == Norms.BEFORE) {
      SDVariable h = plus(x, output);
      return plus(h, feedForward(norm(h, TensorNames.POST_ATTENTION_NORM)));
    }
    SDVariable h = plus(x, norm(output, TensorNames.POST_ATTENTION_NORM));
    SDVariable input = norms == Norms.AROUND ? norm(h, TensorNames.PRE_FFN_NORM) : h;
    return plus(h, norm(feedForward(input), TensorNames.POST_FFN_NORM));
  }

  /** Adds to the residual stream. */
  private SDVariable plus(SDVariable stream, SDVariable addend) {
    double scale = config.design().scales().residual();
    return stream.add(scale == 1 ? addend : addend.mul(scale));
  }

  private SDVariable feedForward(SDVariable x) {
    SDVariable gate;
    SDVariable up;
    if (config.architecture().fusedProjections()) {
      SDVariable both = weight(TensorNames.GATE_UP);
      gate = part(x, both, 0, config.ffnSize());
      up = part(x, both, config.ffnSize(), 2 * config.ffnSize());
    } else {
      gate = linear(graph, x, weight(TensorNames.GATE));
      up = linear(graph, x, weight(TensorNames.UP));
    }
    SDVariable activated =
        config.design().activation() == Activation.SILU ? silu(graph, gate) : gelu(graph, gate);
    return linear(graph, activated.mul(up), weight(TensorNames.DOWN));
  }
}

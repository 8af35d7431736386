package org.treepo4j.engines.samediff;

import static org.treepo4j.engines.samediff.GraphParts.linear;
import static org.treepo4j.engines.samediff.GraphParts.rmsNorm;
import static org.treepo4j.engines.samediff.GraphParts.silu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.TensorNames;

/**
 * One transformer block as a SameDiff graph: {@code h = x + attention(norm(x))}, {@code y = h +
 * ffn(norm(h))}. Tokens of a tree are rows; who may attend to whom is an input.
 *
 * <p>The graph computes the block for tokens alone or for tokens behind cached ones, and the
 * derivatives that follow from that by the output. A backward pass computes the block's activations
 * again, so that a forward pass keeps no more than the input of every block.
 */
final class BlockGraph {
  private static final String INPUT = "x";
  private static final String COSINES = "cosines";
  private static final String SINES = "sines";
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
  private final SameDiff graph = SameDiff.create();
  private final List<String> names = new ArrayList<>();
  private final GraphRunner forward;
  private final GradientRunner gradients;

  /** What attention of a block needs to know of its rows, beside the rows themselves. */
  record Rows(Tensor cosines, Tensor sines, Tensor mask) implements AutoCloseable {
    @Override
    public void close() {
      cosines.close();
      sines.close();
      mask.close();
    }
  }

  /**
   * Outputs of a block, {@code [rows, hidden]}, and its keys and values, {@code [rows, kvSize]}.
   */
  record Outcome(Tensor output, Tensor keys, Tensor values) {}

  BlockGraph(ModelConfig config, NativeWeights weights, Tensor rotation, int layer) {
    this.config = config;
    this.weights = weights;
    this.layer = layer;
    SDVariable x = graph.placeHolder(INPUT, DataType.FLOAT, -1, config.hiddenSize());
    SDVariable cosines = graph.placeHolder(COSINES, DataType.FLOAT, -1, 1, config.headDim());
    SDVariable sines = graph.placeHolder(SINES, DataType.FLOAT, -1, 1, config.headDim());
    SDVariable mask = graph.placeHolder(MASK, DataType.FLOAT, 1, 1, -1, -1);
    SDVariable pastKeys = graph.placeHolder(PAST_KEYS, DataType.FLOAT, -1, config.kvSize());
    SDVariable pastValues = graph.placeHolder(PAST_VALUES, DataType.FLOAT, -1, config.kvSize());
    graph.placeHolder(OUTPUT_GRADIENT, DataType.FLOAT, -1, config.hiddenSize());
    SDVariable rotate = graph.constant("rotation", rotation.array());

    SDVariable attended = rmsNorm(graph, x, 1, weight(TensorNames.INPUT_NORM), config.normEps());
    SDVariable queries = project(attended, TensorNames.QUERY, TensorNames.QUERY_BIAS);
    SDVariable keys = project(attended, TensorNames.KEY, TensorNames.KEY_BIAS);
    SDVariable values = project(attended, TensorNames.VALUE, TensorNames.VALUE_BIAS);
    queries = heads(queries, config.heads(), TensorNames.QUERY_NORM, rotate, cosines, sines);
    keys = heads(keys, config.kvHeads(), TensorNames.KEY_NORM, rotate, cosines, sines);
    keys = keys.reshape(-1, config.kvSize()).rename(KEYS);
    values.rename(VALUES);

    SDVariable alone = rest(x, attention(queries, keys, values, mask));
    alone.rename(OUTPUT);
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
    inputs.put(COSINES, rows.cosines().array());
    inputs.put(SINES, rows.sines().array());
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

  /**
   * Normalises where the model does and rotates: {@code [rows, heads·dim] → [rows, heads, dim]}.
   */
  private SDVariable heads(
      SDVariable x,
      int heads,
      String norm,
      SDVariable rotate,
      SDVariable cosines,
      SDVariable sines) {
    SDVariable split = x.reshape(-1, heads, config.headDim());
    if (config.qkNorm()) {
      split = rmsNorm(graph, split, 2, weight(norm), config.normEps());
    }
    SDVariable turned =
        graph
            .mmul(split.reshape(-1, config.headDim()), rotate)
            .reshape(-1, heads, config.headDim());
    return split.mul(cosines).add(turned.mul(sines));
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
            .mul(1 / Math.sqrt(dim))
            .reshape(-1, kvHeads, group, dim)
            .permute(1, 0, 2, 3)
            .reshape(1, kvHeads, -1, dim);
    SDVariable k = keys.reshape(-1, kvHeads, dim).permute(1, 0, 2).reshape(1, kvHeads, -1, dim);
    SDVariable v = values.reshape(-1, kvHeads, dim).permute(1, 0, 2).reshape(1, kvHeads, -1, dim);
    SDVariable scores = graph.mmul(q, k, false, true, false).add(mask);
    return graph
        .mmul(graph.nn().softmax(scores, 3), v)
        .reshape(kvHeads, -1, group, dim)
        .permute(1, 0, 2, 3)
        .reshape(-1, config.querySize());
  }

  /** Output projection, residual and feed-forward layer. */
  private SDVariable rest(SDVariable x, SDVariable attended) {
    SDVariable h = x.add(project(attended, TensorNames.OUTPUT, TensorNames.OUTPUT_BIAS));
    SDVariable normed =
        rmsNorm(graph, h, 1, weight(TensorNames.POST_ATTENTION_NORM), config.normEps());
    SDVariable gate = silu(graph, linear(graph, normed, weight(TensorNames.GATE)));
    SDVariable up = linear(graph, normed, weight(TensorNames.UP));
    return h.add(linear(graph, gate.mul(up), weight(TensorNames.DOWN)));
  }
}

package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.KernelCases.Case;
import org.treepo4j.engines.cuda.VocabularyHead.LogitShape;
import org.treepo4j.engines.cuda.VocabularyHead.Scores;
import org.treepo4j.engines.cuda.VocabularyHead.Targets;

@ExtendWith(TestDevice.class)
class VocabularyHeadTest {
  private final Device device = TestDevice.shared();

  @KernelCases
  void chunksEqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      check(numbers, F32);
      check(numbers, BF16);
    }
  }

  private void check(Numbers numbers, Type type) {
    int rows = numbers.between(1, 30);
    int width = numbers.between(1, 40);
    int vocabulary = numbers.between(2, 150);
    float temperature = numbers.between(1, 4) / 2f;
    LogitShape shape = new LogitShape(numbers.between(1, 2) / 2f, numbers.between(0, 1) * 3f);
    int[] tokens = IntStream.range(0, rows).map(i -> numbers.between(0, vocabulary - 1)).toArray();
    Trees trees = Trees.random(numbers, rows, numbers.between(1, 2), 30);
    // Hidden states whose logits are some units large, so that the distributions are not flat.
    double[] hidden = numbers.normal(type, rows * width);
    double[] weights = numbers.normal(type, vocabulary * width);
    double[] dLogprob = numbers.normal(F32, rows);
    double[] dEntropy = numbers.normal(F32, rows);
    for (int row = 0; row < rows; row += 3) {
      dEntropy[row] = 0;
      IntStream.range(0, rows)
          .filter(child -> trees.parents()[child] == (rows - 1) / 3 * 3 && rows > 3)
          .forEach(child -> dLogprob[child] = 0);
    }
    Plain plain = new Plain(rows, width, vocabulary);
    plain.run(hidden, weights, shape, temperature, tokens, trees.parents(), dLogprob, dEntropy);
    RowKernels rowKernels = new RowKernels(device);
    VocabularyHead head =
        new VocabularyHead(
            device,
            new Products(device),
            rowKernels,
            numbers.between(1, 40),
            numbers.between(1, 70));
    DeviceArray hiddens = numbers.put(type, hidden);
    DeviceArray matrix = numbers.put(type, weights);
    Targets targets = targets(numbers, trees.parents(), tokens);
    Scores scores = Scores.of(device, rows);
    head.forward(rows, width, vocabulary, hiddens, matrix, shape, targets, temperature, scores);
    numbers.assertClose("logprobs", scores.logprobs(), plain.logprobs, 1e-5);
    numbers.assertClose("entropies", scores.entropies(), plain.entropies, 1e-5);
    int[] active =
        IntStream.range(0, rows)
            .filter(
                row ->
                    dEntropy[row] != 0
                        || IntStream.range(0, rows)
                            .anyMatch(c -> trees.parents()[c] == row && dLogprob[c] != 0))
            .toArray();
    DeviceArray dHidden = numbers.poison(F32, (long) rows * width);
    double[] before = numbers.normal(F32, vocabulary * width);
    DeviceArray dWeights = numbers.put(F32, before);
    head.backward(
        rows,
        width,
        vocabulary,
        active.length,
        numbers.put(active),
        hiddens,
        matrix,
        shape,
        targets,
        temperature,
        scores,
        numbers.put(F32, dLogprob),
        numbers.put(F32, dEntropy),
        dHidden,
        dWeights);
    for (int i = 0; i < before.length; i++) {
      plain.dWeights[i] += before[i];
    }
    double tolerance = type == F32 ? 2e-5 : 0.02;
    numbers.assertClose("dHidden", dHidden, plain.dHidden, tolerance);
    numbers.assertClose("dWeights", dWeights, plain.dWeights, tolerance);
    DeviceArray logits = numbers.poison(F32, (long) rows * vocabulary);
    head.logits(rows, width, vocabulary, hiddens, matrix, shape, logits);
    numbers.assertClose("logits", logits, plain.logits, 1e-5);
    scores.free(device);
  }

  private static Targets targets(Numbers numbers, int[] parents, int[] tokens) {
    int[] starts = new int[parents.length + 1];
    int[] rows = new int[parents.length];
    int[] ids = new int[parents.length];
    int count = 0;
    for (int row = 0; row < parents.length; row++) {
      for (int child = 0; child < parents.length; child++) {
        if (parents[child] == row) {
          rows[count] = child;
          ids[count++] = tokens[child];
        }
      }
      starts[row + 1] = count;
    }
    return new Targets(numbers.put(starts), numbers.put(rows), numbers.put(ids));
  }

  /** The formulas of the class comment, with all logits at once. */
  private static final class Plain {
    final int width;
    final int vocabulary;
    final double[] logits;
    final double[] logprobs;
    final double[] entropies;
    final double[] dHidden;
    final double[] dWeights;

    Plain(int rows, int width, int vocabulary) {
      this.width = width;
      this.vocabulary = vocabulary;
      logits = new double[rows * vocabulary];
      logprobs = new double[rows];
      entropies = new double[rows];
      dHidden = new double[rows * width];
      dWeights = new double[vocabulary * width];
    }

    void run(
        double[] hidden,
        double[] weights,
        LogitShape shape,
        double temperature,
        int[] tokens,
        int[] parents,
        double[] dLogprob,
        double[] dEntropy) {
      for (int row = 0; row < logprobs.length; row++) {
        double sum = 0;
        double moment = 0;
        double[] slopes = new double[vocabulary];
        for (int id = 0; id < vocabulary; id++) {
          double x = 0;
          for (int i = 0; i < width; i++) {
            x += hidden[row * width + i] * weights[id * width + i];
          }
          double tanh = shape.cap() == 0 ? 0 : Math.tanh(shape.factor() * x / shape.cap());
          double logit = shape.cap() == 0 ? shape.factor() * x : shape.cap() * tanh;
          logits[row * vocabulary + id] = logit;
          slopes[id] = shape.factor() * (1 - tanh * tanh);
          sum += Math.exp(logit / temperature);
          moment += Math.exp(logit / temperature) * logit / temperature;
        }
        double logSum = Math.log(sum);
        entropies[row] = logSum - moment / sum;
        double[] d = new double[vocabulary];
        double all = 0;
        for (int child = 0; child < logprobs.length; child++) {
          if (parents[child] == row) {
            int id = tokens[child];
            logprobs[child] = logits[row * vocabulary + id] / temperature - logSum;
            d[id] += dLogprob[child];
            all += dLogprob[child];
          }
        }
        for (int id = 0; id < vocabulary; id++) {
          double logP = logits[row * vocabulary + id] / temperature - logSum;
          d[id] -= Math.exp(logP) * (all + dEntropy[row] * (logP + entropies[row]));
          double dx = d[id] / temperature * slopes[id];
          for (int i = 0; i < width; i++) {
            dHidden[row * width + i] += dx * weights[id * width + i];
            dWeights[id * width + i] += dx * hidden[row * width + i];
          }
        }
      }
    }
  }
}

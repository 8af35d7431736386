package org.treepo4j.engines.contract;

import java.util.Comparator;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.treepo4j.model.SamplingRule;

/**
 * The next-token distribution by the book: everything sorted, nothing clever.
 *
 * @param probabilities of drawing each id
 * @param modelProbabilities under the model's own distribution
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record NaiveDistribution(double[] probabilities, double[] modelProbabilities) {

  public static NaiveDistribution of(float[] logits, SamplingRule rule) {
    int size = logits.length;
    IntPredicate vocabulary = id -> rule.allowed()[id];
    double[] model = softmax(logits, 1, id -> true);
    if (rule.temperature() == 0) {
      int best = likeliestFirst(logits, vocabulary).get(0);
      double[] greedy = new double[size];
      greedy[best] = 1;
      return new NaiveDistribution(greedy, model);
    }
    double[] all = softmax(logits, rule.temperature(), vocabulary);
    List<Integer> kept = likeliestFirst(logits, vocabulary);
    if (rule.topK() > 0 && rule.topK() < kept.size()) {
      kept = kept.subList(0, rule.topK());
    }
    if (rule.topP() < 1) {
      double sum = kept.stream().mapToDouble(id -> all[id]).sum();
      double share = 0;
      int count = 0;
      while (count < kept.size() && share < rule.topP() * sum) {
        share += all[kept.get(count++)];
      }
      kept = kept.subList(0, count);
    }
    double least = rule.minP() * all[kept.get(0)];
    List<Integer> last = kept.stream().filter(id -> all[id] >= least).toList();
    double sum = last.stream().mapToDouble(id -> all[id]).sum();
    double[] probabilities = new double[size];
    last.forEach(id -> probabilities[id] = all[id] / sum);
    return new NaiveDistribution(probabilities, model);
  }

  /** The first id whose probability, added to those of all lower ids, exceeds {@code u}. */
  public int sample(double u) {
    double sum = 0;
    int last = -1;
    for (int id = 0; id < probabilities.length; id++) {
      if (probabilities[id] > 0) {
        sum += probabilities[id];
        last = id;
        if (sum > u) {
          return id;
        }
      }
    }
    return last;
  }

  public double entropy() {
    double entropy = 0;
    for (double p : modelProbabilities) {
      entropy -= p > 0 ? p * Math.log(p) : 0;
    }
    return entropy;
  }

  private static List<Integer> likeliestFirst(float[] logits, IntPredicate vocabulary) {
    return IntStream.range(0, logits.length)
        .filter(vocabulary)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer id) -> -logits[id]))
        .toList();
  }

  private static double[] softmax(float[] logits, double temperature, IntPredicate wanted) {
    double max = Double.NEGATIVE_INFINITY;
    for (int id = 0; id < logits.length; id++) {
      max = wanted.test(id) ? Math.max(max, logits[id]) : max;
    }
    double[] p = new double[logits.length];
    double sum = 0;
    for (int id = 0; id < logits.length; id++) {
      p[id] = wanted.test(id) ? Math.exp((logits[id] - max) / temperature) : 0;
      sum += p[id];
    }
    for (int id = 0; id < logits.length; id++) {
      p[id] /= sum;
    }
    return p;
  }
}

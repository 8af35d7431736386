package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.cuda.KernelCases.Case;
import org.treepo4j.engines.cuda.SamplingKernels.Drawn;
import org.treepo4j.engines.cuda.SamplingKernels.Draws;
import org.treepo4j.model.TokenDistribution;
import org.treepo4j.rollout.SamplingSettings;

/** The host's sampler is the law. */
@ExtendWith(TestDevice.class)
class SamplingKernelsTest {
  private static final double LOG_ROUNDING = 1e-12;

  private final Device device = TestDevice.shared();
  private final SamplingKernels kernels = new SamplingKernels(device);

  @KernelCases
  void uniformNumbersSelectTheTokensThatTheHostSelects(Case from) {
    Random random = from.begin();
    try (Numbers numbers = new Numbers(device, random)) {
      int vocabulary = numbers.between(1, 1300);
      int rows = numbers.between(1, 3);
      int count = numbers.between(1, 40);
      boolean[] mask = new boolean[vocabulary];
      for (int id = 0; id < vocabulary; id++) {
        mask[id] = random.nextInt(4) > 0;
      }
      mask[random.nextInt(vocabulary)] = true;
      double[] logits = logits(numbers, rows * vocabulary);
      SamplingSettings[] settings = new SamplingSettings[count];
      for (int i = 0; i < count; i++) {
        settings[i] = settings(random, vocabulary);
      }
      check(numbers, random, vocabulary, logits, settings, mask);
    }
  }

  /**
   * As large as people have them: sums of blocks are more than a block of threads takes at once.
   */
  @Test
  void tokensOfLargeVocabulariesAreThoseOfTheHost() {
    Random random = new Random(3);
    try (Numbers numbers = new Numbers(device, random)) {
      int vocabulary = 70_001;
      boolean[] mask = new boolean[vocabulary];
      Arrays.fill(mask, 7, vocabulary, true);
      SamplingSettings[] settings = new SamplingSettings[6];
      Arrays.setAll(
          settings,
          i ->
              new SamplingSettings(
                  1.1, i == 4 ? 50 : 0, i == 5 ? 0.9 : 1, 0, List.of(), List.of()));
      double[] logits = numbers.normal(F32, 2 * vocabulary);
      check(numbers, random, vocabulary, logits, settings, mask);
    }
  }

  /** Some rows peaked, with equal logits among them. */
  private static double[] logits(Numbers numbers, int n) {
    double[] logits = numbers.normal(F32, n);
    float size = numbers.between(1, 8);
    for (int i = 0; i < n; i++) {
      logits[i] =
          (float) (numbers.between(0, 3) == 0 ? Math.rint(2 * logits[i]) : logits[i] * size);
    }
    return logits;
  }

  private static SamplingSettings settings(Random random, int vocabulary) {
    double temperature =
        random.nextInt(6) == 0 ? 0 : random.nextBoolean() ? 1 : 0.3 + random.nextDouble();
    int topK = random.nextInt(3) == 0 ? 1 + random.nextInt(vocabulary) : 0;
    double topP = random.nextInt(3) == 0 ? 0.01 + 0.98 * random.nextDouble() : 1;
    double minP = random.nextInt(3) == 0 ? 0.2 * random.nextDouble() : 0;
    return new SamplingSettings(temperature, topK, topP, minP, List.of(), List.of());
  }

  private void check(
      Numbers numbers,
      Random random,
      int vocabulary,
      double[] logits,
      SamplingSettings[] settings,
      boolean[] mask) {
    int count = settings.length;
    int rows = logits.length / vocabulary;
    int words = (vocabulary + 31) / 32;
    // Two masks: all ids, and some.
    int[] allowed = new int[2 * words];
    int some = 0;
    for (int id = 0; id < vocabulary; id++) {
      allowed[id / 32] |= 1 << id % 32;
      if (mask[id]) {
        allowed[words + id / 32] |= 1 << id % 32;
        some++;
      }
    }
    int[] row = new int[count];
    int[] topK = new int[count];
    int[] masks = new int[count];
    double[] temperature = new double[count];
    double[] topP = new double[count];
    double[] minP = new double[count];
    double[] uniform = new double[count];
    boolean nucleus = false;
    for (int i = 0; i < count; i++) {
      row[i] = random.nextInt(rows);
      masks[i] = random.nextInt(2);
      temperature[i] = settings[i].temperature();
      topK[i] = settings[i].topK() < (masks[i] == 0 ? vocabulary : some) ? settings[i].topK() : 0;
      topP[i] = settings[i].topP();
      minP[i] = settings[i].minP();
      uniform[i] = random.nextInt(10) == 0 ? 0 : random.nextDouble();
      nucleus |= topP[i] < 1;
    }
    Draws draws =
        new Draws(
            numbers.put(row),
            numbers.put(F64, temperature),
            numbers.put(topK),
            numbers.put(F64, topP),
            numbers.put(F64, minP),
            numbers.put(masks),
            numbers.put(allowed),
            numbers.put(F64, uniform));
    Drawn drawn = drawn(numbers, count);
    kernels.sample(count, vocabulary, nucleus, numbers.put(F32, logits), draws, drawn);
    double[] got = numbers.get(drawn.numbers());
    for (int i = 0; i < count; i++) {
      IntPredicate may = masks[i] == 0 ? id -> true : id -> mask[id];
      TokenDistribution host = new TokenDistribution(settings[i].rule(vocabulary, may));
      float[] own = new float[vocabulary];
      for (int id = 0; id < vocabulary; id++) {
        own[id] = (float) logits[row[i] * vocabulary + id];
      }
      host.read(own);
      String what = settings[i] + " of " + vocabulary + " by " + uniform[i];
      int token = host.sample(uniform[i]);
      assertThat(got[i]).as(what).isEqualTo(token);
      assertThat(got[count + i]).as(what).isCloseTo(host.logprob(token), within(LOG_ROUNDING));
      assertThat(got[2 * count + i])
          .as(what)
          .isCloseTo(host.modelLogprob(token), within(LOG_ROUNDING));
      assertThat(got[3 * count + i]).as(what).isCloseTo(host.entropy(), within(1e-9));
    }
  }

  private static Drawn drawn(Numbers numbers, int count) {
    return new Drawn(numbers.poison(F64, 4L * count), count);
  }

  @Test
  void rowsThatAreNotFiniteSelectNothing() {
    try (Numbers numbers = new Numbers(device, new Random(1))) {
      int vocabulary = 40;
      double[] logits = numbers.normal(F32, 4 * vocabulary);
      logits[3] = Double.NaN;
      logits[vocabulary + 7] = Double.POSITIVE_INFINITY;
      for (int id = 0; id < vocabulary; id++) {
        logits[2 * vocabulary + id] = Double.NEGATIVE_INFINITY;
      }
      logits[3 * vocabulary + 5] = Double.NEGATIVE_INFINITY; // of one id that is fine
      double[] ones = {1, 1, 1, 1};
      Draws draws =
          new Draws(
              numbers.put(0, 1, 2, 3),
              numbers.put(F64, ones),
              numbers.put(0, 0, 0, 0),
              numbers.put(F64, ones),
              numbers.put(F64, new double[4]),
              numbers.put(0, 0, 0, 0),
              numbers.put(-1, -1),
              numbers.put(F64, new double[4]));
      Drawn drawn = drawn(numbers, 4);
      kernels.sample(4, vocabulary, false, numbers.put(F32, logits), draws, drawn);
      assertThat(numbers.get(drawn.numbers())).startsWith(-1, -1, -1, 0);
    }
  }
}

package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * Draws the next token of every row of logits: temperature, then top-k, then top-p, then min-p,
 * over the allowed ids. The arithmetic is that of the sampler on the host, in float64 and in the
 * same order, so that a uniform number selects the same token: the first whose probability, added
 * to those of all lower ids, exceeds it.
 */
final class TokenSampler {
  private static final int THREADS = 256;

  /** Ids whose probabilities are summed up together, as the host has it. */
  private static final int BLOCK = 256;

  /** Blocks of ids that a block of threads sums up. */
  private static final int BLOCKS_AT_ONCE = 32;

  private static final int STEPS = 128;

  private final Device device;
  private final Kernel maxima;
  private final Kernel sums;
  private final Kernel draw;

  /** {@code 2^(i/128)}, {@code F64 [128]}. */
  private final DeviceArray powers;

  private DeviceArray partialMaxima;
  private DeviceArray partialIds;
  private DeviceArray blockSums;
  private DeviceArray candidates;
  private DeviceArray sorted;

  /**
   * What each row is drawn by.
   *
   * @param temperature {@code F64 [rows]}; 0 for the likeliest token
   * @param topK {@code I32 [rows]}; 0 for all, and it is less than the number of allowed ids
   * @param topP {@code F64 [rows]}; 1 for all
   * @param minP {@code F64 [rows]}; 0 for all
   * @param mask which of the masks each row has, {@code I32 [rows]}
   * @param allowed masks of ids, a bit for each, {@code I32 [masks × ⌈vocabulary/32⌉]}
   * @param uniform the number in [0, 1) that selects the token, {@code F64 [rows]}
   */
  record Draws(
      DeviceArray temperature,
      DeviceArray topK,
      DeviceArray topP,
      DeviceArray minP,
      DeviceArray mask,
      DeviceArray allowed,
      DeviceArray uniform) {
    Draws {
      temperature.require("temperature", F64, 0);
      topK.require("topK", I32, 0);
      topP.require("topP", F64, 0);
      minP.require("minP", F64, 0);
      mask.require("mask", I32, 0);
      allowed.require("allowed", I32, 0);
      uniform.require("uniform", F64, 0);
    }
  }

  /**
   * What comes of it.
   *
   * @param tokens {@code I32 [rows]}; −1 for a row with NaN or nothing finite to sample
   * @param logprobs under the distribution that was sampled from, {@code F64 [rows]}
   * @param modelLogprobs under the model's own: temperature 1, all ids, {@code F64 [rows]}
   * @param entropies of the model's own, {@code F64 [rows]}
   */
  record Drawn(
      DeviceArray tokens, DeviceArray logprobs, DeviceArray modelLogprobs, DeviceArray entropies) {
    static Drawn of(Device device, int rows) {
      return new Drawn(
          device.allocate(I32, rows),
          device.allocate(F64, rows),
          device.allocate(F64, rows),
          device.allocate(F64, rows));
    }
  }

  TokenSampler(Device device) {
    this.device = device;
    maxima = device.kernel("sample", "sample_maxima");
    sums = device.kernel("sample", "sample_sums");
    draw = device.kernel("sample", "sample_draw");
    double[] steps = new double[STEPS];
    for (int i = 0; i < STEPS; i++) {
      steps[i] = StrictMath.pow(2, i / (double) STEPS);
    }
    powers = device.upload(steps);
  }

  /** Reserves scratch memory, so that a recorded step need not. */
  void reserve(int rows, int vocabulary) {
    int blocks = Kernel.parts(vocabulary, BLOCK);
    int chunks = Kernel.parts(blocks, BLOCKS_AT_ONCE);
    partialMaxima = device.atLeast(partialMaxima, F32, 2L * rows * chunks);
    partialIds = device.atLeast(partialIds, I32, (long) rows * chunks);
    // For each row: sums of the model's distribution, its expectations, sums of the sampled one.
    blockSums = device.atLeast(blockSums, F64, 3L * rows * blocks);
    candidates = device.atLeast(candidates, I32, (long) rows * vocabulary);
    sorted = device.atLeast(sorted, Type.F64, (long) rows * powerOfTwo(vocabulary));
  }

  private static int powerOfTwo(int n) {
    return n <= 1 ? 1 : Integer.highestOneBit(n - 1) << 1;
  }

  /**
   * @param logits {@code F32 [rows × vocabulary]}
   */
  void sample(int rows, int vocabulary, DeviceArray logits, Draws draws, Drawn out) {
    logits.require("logits", F32, (long) rows * vocabulary);
    out.tokens().require("tokens", I32, rows);
    reserve(rows, vocabulary);
    int blocks = Kernel.parts(vocabulary, BLOCK);
    int chunks = Kernel.parts(blocks, BLOCKS_AT_ONCE);
    maxima.launch(
        Grid.of(chunks, rows),
        THREADS,
        0,
        vocabulary,
        logits,
        draws.mask(),
        draws.allowed(),
        partialMaxima,
        partialIds);
    sums.launch(
        Grid.of(chunks, rows),
        THREADS,
        0,
        vocabulary,
        logits,
        draws.temperature(),
        draws.mask(),
        draws.allowed(),
        powers,
        partialMaxima,
        partialIds,
        blockSums);
    draw.launch(
        Grid.of(rows),
        THREADS,
        0,
        vocabulary,
        powerOfTwo(vocabulary),
        logits,
        draws.temperature(),
        draws.topK(),
        draws.topP(),
        draws.minP(),
        draws.mask(),
        draws.allowed(),
        draws.uniform(),
        powers,
        partialMaxima,
        partialIds,
        blockSums,
        candidates,
        sorted,
        out.tokens(),
        out.logprobs(),
        out.modelLogprobs(),
        out.entropies());
  }
}

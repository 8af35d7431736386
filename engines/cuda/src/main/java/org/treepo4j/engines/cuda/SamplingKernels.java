package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * Draws next tokens from rows of logits: temperature, then top-k, then top-p, then min-p, over the
 * allowed ids. The arithmetic is that of the sampler on the host, in float64 and in the same order,
 * so that a uniform number selects the same token: the first whose probability, added to those of
 * all lower ids, exceeds it.
 */
final class SamplingKernels {
  private static final int THREADS = 256;

  /** Ids whose probabilities are summed up together, as the host has it. */
  private static final int BLOCK = 256;

  /** Blocks of ids that a block of threads sums up. */
  private static final int BLOCKS_AT_ONCE = 8;

  /** Draws of a launch, which bounds the scratch memory. */
  private static final int AT_ONCE = 128;

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
   * What tokens are drawn by.
   *
   * @param row of logits of each draw; several may share one, {@code I32 [draws]}
   * @param temperature {@code F64 [draws]}; 0 for the likeliest token
   * @param topK {@code I32 [draws]}; 0 for all, and it is less than the number of allowed ids
   * @param topP {@code F64 [draws]}; 1 for all
   * @param minP {@code F64 [draws]}; 0 for all
   * @param mask which of the masks each draw has, {@code I32 [draws]}
   * @param allowed masks of ids, a bit for each, {@code I32 [masks × ⌈vocabulary/32⌉]}
   * @param uniform the number in [0, 1) that selects the token, {@code F64 [draws]}
   */
  record Draws(
      DeviceArray row,
      DeviceArray temperature,
      DeviceArray topK,
      DeviceArray topP,
      DeviceArray minP,
      DeviceArray mask,
      DeviceArray allowed,
      DeviceArray uniform) {
    Draws {
      row.require("row", I32, 0);
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
   * What comes of it: tokens, −1 where the row has NaN or nothing finite to sample; their
   * log-probabilities under the distribution that was sampled from; those under the model's own, of
   * temperature 1 and all ids; entropies of the model's own.
   *
   * @param numbers all in this order, so that one copy brings them to the host, {@code F64 [4 ×
   *     most]}
   * @param most draws
   */
  record Drawn(DeviceArray numbers, int most) {
    Drawn {
      numbers.require("numbers", F64, 4L * most);
    }

    static Drawn of(Device device, int most) {
      return new Drawn(device.allocate(F64, 4L * most), most);
    }
  }

  SamplingKernels(Device device) {
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

  /**
   * Reserves scratch memory, so that a recorded step need not.
   *
   * @param nucleus whether any draw has {@code topP < 1}
   */
  void reserve(int draws, int vocabulary, boolean nucleus) {
    int most = Math.min(draws, AT_ONCE);
    int blocks = Kernel.parts(vocabulary, BLOCK);
    int chunks = Kernel.parts(blocks, BLOCKS_AT_ONCE);
    partialMaxima = device.atLeast(partialMaxima, F32, 2L * most * chunks);
    partialIds = device.atLeast(partialIds, I32, (long) most * chunks);
    // For each draw: sums of the model's distribution, its expectations, sums of the sampled one.
    blockSums = device.atLeast(blockSums, F64, 3L * most * blocks);
    candidates = device.atLeast(candidates, I32, (long) most * vocabulary);
    if (nucleus) {
      sorted = device.atLeast(sorted, F64, (long) most * powerOfTwo(vocabulary));
    }
  }

  private static int powerOfTwo(int n) {
    return n <= 1 ? 1 : Integer.highestOneBit(n - 1) << 1;
  }

  /**
   * @param logits {@code F32 [rows × vocabulary]}
   * @param nucleus whether any draw has {@code topP < 1}
   */
  void sample(
      int count, int vocabulary, boolean nucleus, DeviceArray logits, Draws draws, Drawn out) {
    if (count > out.most) {
      throw new IllegalArgumentException(count + " draws for a room of " + out.most);
    }
    draws.uniform().require("uniform", F64, count);
    reserve(count, vocabulary, nucleus);
    for (int from = 0; from < count; from += AT_ONCE) {
      some(from, Math.min(AT_ONCE, count - from), vocabulary, nucleus, logits, draws, out);
    }
  }

  private void some(
      int from,
      int count,
      int vocabulary,
      boolean nucleus,
      DeviceArray logits,
      Draws draws,
      Drawn out) {
    int chunks = Kernel.parts(Kernel.parts(vocabulary, BLOCK), BLOCKS_AT_ONCE);
    DeviceArray row = draws.row().from(from);
    DeviceArray temperature = draws.temperature().from(from);
    DeviceArray mask = draws.mask().from(from);
    maxima.launch(
        Grid.of(chunks, count),
        THREADS,
        0,
        vocabulary,
        logits,
        row,
        mask,
        draws.allowed(),
        partialMaxima,
        partialIds);
    sums.launch(
        Grid.of(chunks, count),
        THREADS,
        0,
        vocabulary,
        logits,
        row,
        temperature,
        mask,
        draws.allowed(),
        powers,
        partialMaxima,
        partialIds,
        blockSums);
    draw.launch(
        Grid.of(count),
        THREADS,
        0,
        vocabulary,
        powerOfTwo(vocabulary),
        logits,
        row,
        temperature,
        draws.topK().from(from),
        draws.topP().from(from),
        draws.minP().from(from),
        mask,
        draws.allowed(),
        draws.uniform().from(from),
        powers,
        partialMaxima,
        partialIds,
        blockSums,
        candidates,
        nucleus ? sorted : null,
        out.most,
        out.numbers.from(from));
  }
}

package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DrawnTokens;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenSampler;

/** Draws where the logits are: numbers of the tokens drawn are all that leaves the device. */
final class CudaSampler implements TokenSampler {
  /** Draws of a launch, which bounds the memory of logits and of what sorts them. */
  private static final int AT_ONCE = 64;

  private final CudaDecoder decoder;
  private final Device device;
  private final SamplingKernels kernels;
  private final DeviceArray uniform;
  private final DeviceArray rows;
  private final boolean nucleus;
  private final SamplingKernels.Draws rule;
  private final SamplingKernels.Drawn drawn;
  private final int[] rowOf = new int[AT_ONCE];
  private final DrawnTokens result = new DrawnTokens();

  CudaSampler(CudaDecoder decoder, Device device, SamplingKernels kernels, SamplingRule rule) {
    this.decoder = decoder;
    this.device = device;
    this.kernels = kernels;
    this.nucleus = rule.topP() < 1;
    boolean[] allowed = rule.allowed();
    int[] mask = new int[(allowed.length + 31) / 32];
    int count = 0;
    for (int id = 0; id < allowed.length; id++) {
      mask[id / 32] |= allowed[id] ? 1 << id % 32 : 0;
      count += allowed[id] ? 1 : 0;
    }
    uniform = device.allocate(F64, AT_ONCE);
    rows = device.allocate(I32, AT_ONCE);
    this.rule =
        new SamplingKernels.Draws(
            rows,
            same(rule.temperature()),
            device.upload(filled(rule.topK() < count ? rule.topK() : 0)),
            same(rule.topP()),
            same(rule.minP()),
            device.upload(filled(0)),
            device.upload(mask),
            uniform);
    drawn = SamplingKernels.Drawn.of(device, AT_ONCE);
  }

  private DeviceArray same(double value) {
    double[] values = new double[AT_ONCE];
    Arrays.fill(values, value);
    return device.upload(values);
  }

  private static int[] filled(int value) {
    int[] values = new int[AT_ONCE];
    Arrays.fill(values, value);
    return values;
  }

  @Override
  public DrawnTokens draw(
      List<? extends BranchingDecoder.Path> paths, int draws, int[] of, double[] uniforms) {
    result.reserve(draws);
    for (int from = 0; from < draws; from += AT_ONCE) {
      int count = Math.min(AT_ONCE, draws - from);
      int firstPath = of[from];
      for (int draw = 0; draw < count; draw++) {
        rowOf[draw] = of[from + draw] - firstPath;
      }
      DeviceArray logits = decoder.computeLogits(paths, firstPath, of[from + count - 1] + 1);
      device.write(rows, rowOf, 0, count);
      device.write(uniform, uniforms, from, count);
      kernels.sample(count, decoder.vocabSize(), nucleus, logits, rule, drawn);
      device.read(drawn.tokens(), result.tokens(), from, count);
      for (int draw = from; draw < from + count; draw++) {
        if (result.tokens()[draw] < 0) {
          throw new NotFiniteException(of[draw]);
        }
      }
      device.read(drawn.logprobs(), result.logprobs(), from, count);
      device.read(drawn.modelLogprobs(), result.modelLogprobs(), from, count);
      device.read(drawn.entropies(), result.entropies(), from, count);
    }
    return result;
  }

  @Override
  public void close() {
    if (decoder.isOpen()) {
      for (DeviceArray array :
          new DeviceArray[] {
            rule.row(),
            rule.temperature(),
            rule.topK(),
            rule.topP(),
            rule.minP(),
            rule.mask(),
            rule.allowed(),
            rule.uniform(),
            drawn.tokens(),
            drawn.logprobs(),
            drawn.modelLogprobs(),
            drawn.entropies()
          }) {
        device.free(array);
      }
    }
  }
}

package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DrawnTokens;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenDraws;
import org.treepo4j.model.TokenSampler;

/** Draws where the logits are: numbers of the tokens drawn are all that leaves the device. */
final class CudaSampler implements TokenSampler {
  /** Draws of a launch, which bounds the memory of logits and of what sorts them. */
  private static final int AT_ONCE = 256;

  /** Sets of allowed ids on the device: those kept from launch to launch, and as many new ones. */
  private static final int MOST_MASKS = 2 * AT_ONCE;

  private final CudaDecoder decoder;
  private final Device device;
  private final SamplingKernels kernels;
  private final List<Column> columns = new ArrayList<>();
  private final Column uniform;
  private final Column temperature;
  private final Column topP;
  private final Column minP;
  private final Column rows;
  private final Column topK;
  private final Column mask;
  private final SamplingKernels.Drawn drawn;
  private final double[] numbers = new double[4 * AT_ONCE];
  private final DrawnTokens result = new DrawnTokens();

  /** Sets of allowed ids on the device, by identity, and how many ids each allows. */
  private final List<boolean[]> masks = new ArrayList<>();

  private final int[] allowedIds = new int[MOST_MASKS];

  /** A bit for each id, {@code I32 [MOST_MASKS × ⌈vocabulary/32⌉]}. */
  private final DeviceArray allowed;

  CudaSampler(CudaDecoder decoder, Device device, SamplingKernels kernels) {
    this.decoder = decoder;
    this.device = device;
    this.kernels = kernels;
    uniform = new Column(F64);
    temperature = new Column(F64);
    topP = new Column(F64);
    minP = new Column(F64);
    rows = new Column(I32);
    topK = new Column(I32);
    mask = new Column(I32);
    allowed = device.allocate(I32, (long) MOST_MASKS * words());
    drawn = SamplingKernels.Drawn.of(device, AT_ONCE);
  }

  /** A number for each draw of a launch, written where it has changed. */
  private final class Column {
    private final double[] values = new double[AT_ONCE];

    /** What is written of whole numbers; null for others. */
    private final int[] whole;

    private final DeviceArray on;
    private boolean changed = true;

    Column(DeviceArray.Type type) {
      whole = type == I32 ? new int[AT_ONCE] : null;
      on = device.allocate(type, AT_ONCE);
      columns.add(this);
    }

    void set(int draw, double value) {
      changed |= values[draw] != value;
      values[draw] = value;
    }

    void write() {
      if (!changed) {
        return;
      }
      if (whole == null) {
        device.write(on, values, 0, AT_ONCE);
      } else {
        Arrays.setAll(whole, draw -> (int) values[draw]);
        device.write(on, whole, 0, AT_ONCE);
      }
      changed = false;
    }
  }

  @Override
  public DrawnTokens draw(List<? extends BranchingDecoder.Path> paths, TokenDraws draws) {
    result.reserve(draws.size());
    for (int from = 0; from < draws.size(); from += AT_ONCE) {
      int count = Math.min(AT_ONCE, draws.size() - from);
      boolean nucleus = write(draws, from, count);
      DeviceArray logits =
          decoder.computeLogits(paths, draws.path(from), draws.path(from + count - 1) + 1);
      kernels.sample(
          count,
          decoder.vocabSize(),
          nucleus,
          logits,
          new SamplingKernels.Draws(
              rows.on, temperature.on, topK.on, topP.on, minP.on, mask.on, allowed, uniform.on),
          drawn);
      device.read(drawn.numbers(), numbers, 0, numbers.length);
      for (int i = 0; i < count; i++) {
        if (numbers[i] < 0) {
          throw new NotFiniteException(draws.path(from + i));
        }
        result.tokens()[from + i] = (int) numbers[i];
        result.logprobs()[from + i] = numbers[AT_ONCE + i];
        result.modelLogprobs()[from + i] = numbers[2 * AT_ONCE + i];
        result.entropies()[from + i] = numbers[3 * AT_ONCE + i];
      }
    }
    return result;
  }

  /** Brings some draws to the device; returns whether any has {@code topP < 1}. */
  private boolean write(TokenDraws draws, int from, int count) {
    boolean nucleus = false;
    if (masks.size() > MOST_MASKS - AT_ONCE) {
      masks.clear();
    }
    for (int i = 0; i < count; i++) {
      SamplingRule rule = draws.rule(from + i);
      int ofRule = maskOf(rule);
      rows.set(i, draws.path(from + i) - draws.path(from));
      uniform.set(i, draws.uniform(from + i));
      temperature.set(i, rule.temperature());
      topK.set(i, rule.topK() < allowedIds[ofRule] ? rule.topK() : 0);
      topP.set(i, rule.topP());
      minP.set(i, rule.minP());
      mask.set(i, ofRule);
      nucleus |= rule.topP() < 1;
    }
    columns.forEach(Column::write);
    return nucleus;
  }

  private int maskOf(SamplingRule rule) {
    boolean[] ids = rule.allowed();
    for (int i = 0; i < masks.size(); i++) {
      if (masks.get(i) == ids) {
        return i;
      }
    }
    rule.requireVocabulary(decoder.vocabSize());
    int[] bits = new int[words()];
    int count = 0;
    for (int id = 0; id < ids.length; id++) {
      bits[id / 32] |= ids[id] ? 1 << id % 32 : 0;
      count += ids[id] ? 1 : 0;
    }
    int mask = masks.size();
    device.write(allowed.from((long) mask * bits.length), bits, 0, bits.length);
    allowedIds[mask] = count;
    masks.add(ids);
    return mask;
  }

  private int words() {
    return (decoder.vocabSize() + 31) / 32;
  }

  @Override
  public void close() {
    if (decoder.isOpen()) {
      columns.forEach(column -> device.free(column.on));
      device.free(allowed);
      device.free(drawn.numbers());
    }
  }
}

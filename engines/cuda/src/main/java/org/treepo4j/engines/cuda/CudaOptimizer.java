package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.Optimizer;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;

/** AdamW on the device: values, gradients and moments in float32 stay there. */
final class CudaOptimizer implements Optimizer {
  private final CudaCausalLm lm;
  private final Device device;
  private final UpdateKernels updates;
  private final AdamW.Settings settings;
  private final List<Moments> moments = new ArrayList<>();
  private DeviceArray squares;
  private long steps;

  /** A trained parameter, and running means of its gradient and of its square. */
  private record Moments(
      CudaParameter parameter, boolean decays, DeviceArray first, DeviceArray second) {}

  CudaOptimizer(
      CudaCausalLm lm,
      Device device,
      UpdateKernels updates,
      CudaWeights model,
      Weights trained,
      AdamW.Settings settings) {
    this.lm = lm;
    this.device = device;
    this.updates = updates;
    this.settings = settings;
    for (Parameter parameter : trained.parameters()) {
      if (parameter.trainable()) {
        DeviceArray first = device.allocate(F32, parameter.size());
        DeviceArray second = device.allocate(F32, parameter.size());
        device.clear(first);
        device.clear(second);
        boolean decays = AdamW.decays(parameter);
        moments.add(new Moments(model.find(parameter), decays, first, second));
      }
    }
  }

  @Override
  public double gradientNorm() {
    int pieces = 0;
    for (Moments moment : moments) {
      pieces += UpdateKernels.pieces(moment.parameter.size());
    }
    squares = device.atLeast(squares, F64, pieces);
    int at = 0;
    for (Moments moment : moments) {
      int size = moment.parameter.size();
      updates.squares(size, moment.parameter.gradient(), squares.from(at));
      at += UpdateKernels.pieces(size);
    }
    double[] sums = new double[pieces];
    device.read(squares, sums, 0, pieces);
    double sum = 0;
    for (double square : sums) {
      sum += square;
    }
    return Math.sqrt(sum);
  }

  @Override
  public void step(double learningRate, float gradientScale) {
    AdamW.Step numbers = AdamW.Step.of(settings, steps + 1, learningRate);
    UpdateKernels.Step step =
        new UpdateKernels.Step(
            gradientScale,
            settings.beta1(),
            settings.beta2(),
            settings.epsilon(),
            numbers.stepSize(),
            numbers.rootCorrection());
    for (Moments moment : moments) {
      CudaParameter parameter = moment.parameter;
      updates.adamW(
          parameter.size(),
          step,
          moment.decays ? numbers.keep() : 1,
          parameter.values(),
          parameter.gradient(),
          moment.first,
          moment.second,
          parameter.rounded());
      parameter.stepped();
    }
    steps++;
    lm.changed();
  }

  @Override
  public long steps() {
    return steps;
  }

  @Override
  public Map<String, float[]> state() {
    Map<String, float[]> state = new LinkedHashMap<>();
    for (Moments moment : moments) {
      String name = moment.parameter.parameter().name();
      state.put(name + AdamW.FIRST, device.floats(moment.first));
      state.put(name + AdamW.SECOND, device.floats(moment.second));
    }
    return state;
  }

  @Override
  public void restore(long stepsDone, Map<String, float[]> saved) {
    if (stepsDone < 0) {
      throw new IllegalArgumentException("steps must not be negative, was " + stepsDone);
    }
    Map<String, DeviceArray> arrays = new LinkedHashMap<>();
    for (Moments moment : moments) {
      String name = moment.parameter.parameter().name();
      arrays.put(name + AdamW.FIRST, moment.first);
      arrays.put(name + AdamW.SECOND, moment.second);
    }
    AdamW.requireSame(saved, arrays.keySet(), name -> (int) arrays.get(name).length());
    arrays.forEach((name, to) -> device.write(to, saved.get(name), 0, saved.get(name).length));
    steps = stepsDone;
  }
}

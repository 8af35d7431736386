package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.VocabularyHead.Scores;
import org.treepo4j.engines.cuda.VocabularyHead.Targets;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.engine.RowTargets;
import org.treepo4j.model.engine.TreeRows;

/** One pass; closing it hands its activations to the next. */
final class CudaForwardPass implements ForwardPass {
  private final CudaCausalLm lm;
  private final ModelConfig config;
  private final Device device;
  private final Kernels kernels;
  private final TreeRows rows;
  private final ForwardOptions options;
  private final TreeMixer mixer;
  private final CudaForward.Batch batch;
  private final RowTargets predicted;
  private final Targets targets;
  private final Scores scores;
  private final float[] logprobs;
  private final float[] entropies;
  private Activations activations;
  private boolean backwardDone;

  CudaForwardPass(
      CudaCausalLm lm,
      Device device,
      Kernels kernels,
      TreeRows rows,
      ForwardOptions options,
      Activations activations) {
    this.lm = lm;
    this.config = lm.config();
    this.device = device;
    this.kernels = kernels;
    this.rows = rows;
    this.options = options;
    this.activations = activations;
    int n = rows.rows();
    mixer = new TreeMixer(device, config, kernels.treeAttention(), rows);
    float[] growth = CudaForward.growth(config, rows.positions());
    batch =
        new CudaForward.Batch(
            n,
            device.upload(rows.tokens()),
            device.upload(rows.positions()),
            growth == null ? null : device.upload(growth),
            CudaLinear.Rows.OF_TREES);
    predicted = new RowTargets(rows);
    targets =
        new Targets(
            device.upload(predicted.starts()),
            device.upload(predicted.rows()),
            device.upload(
                Arrays.stream(predicted.rows()).map(row -> rows.tokens()[row]).toArray()));
    scores = Scores.of(device, n);
    lm.forward().run(batch, activations, mixer);
    kernels
        .head()
        .forward(
            n,
            config.hiddenSize(),
            config.vocabSize(),
            activations.hidden(),
            lm.head().operand(),
            lm.logitShape(),
            targets,
            (float) options.temperature(),
            scores);
    logprobs = new float[n];
    entropies = new float[n];
    device.read(scores.logprobs(), logprobs, 0, n);
    device.read(scores.entropies(), entropies, 0, n);
  }

  @Override
  public float[] logprobs(int tree) {
    requireOpen();
    return rows.pick(tree, logprobs);
  }

  @Override
  public float[] entropies(int tree) {
    requireOpen();
    return rows.pick(tree, entropies);
  }

  @Override
  public float[] logits(int tree, int token) {
    requireOpen();
    int width = config.hiddenSize();
    long at = (long) rows.rowsOf(tree)[token] * width;
    DeviceArray logits = device.allocate(F32, config.vocabSize());
    kernels
        .head()
        .logits(
            1,
            width,
            config.vocabSize(),
            activations.hidden().part(at, width),
            lm.head().operand(),
            lm.logitShape(),
            logits);
    float[] values = device.floats(logits);
    device.free(logits);
    return values;
  }

  @Override
  public void backward(float[][] dLogprob, float[][] dEntropy) {
    if (!options.gradients()) {
      throw new IllegalStateException("backward needs a pass opened with gradients");
    }
    if (backwardDone) {
      throw new IllegalStateException("backward may be called once for a pass");
    }
    requireOpen();
    backwardDone = true;
    int n = rows.rows();
    float[] byRow = rows.place(dLogprob, "dLogprob");
    float[] entropyByRow = dEntropy == null ? new float[n] : rows.place(dEntropy, "dEntropy");
    int[] active = active(byRow, entropyByRow);
    DeviceArray activeRows = device.upload(active);
    DeviceArray dLogprobs = device.upload(byRow);
    DeviceArray dEntropies = device.upload(entropyByRow);
    kernels
        .head()
        .backward(
            n,
            config.hiddenSize(),
            config.vocabSize(),
            active.length,
            activeRows,
            activations.hidden(),
            lm.head().operand(),
            lm.logitShape(),
            targets,
            (float) options.temperature(),
            scores,
            dLogprobs,
            dEntropies,
            lm.backward().hiddenGradient(n),
            lm.head().gradient());
    lm.head().collect();
    device.free(activeRows);
    device.free(dLogprobs);
    device.free(dEntropies);
    lm.backward().run(batch, TokenRows.of(rows.tokens()), mixer, activations);
  }

  @Override
  public void close() {
    if (activations == null) {
      return;
    }
    if (lm.isOpen()) {
      mixer.close();
      device.free(batch.tokens());
      device.free(batch.positions());
      device.free(batch.growth());
      device.free(targets.starts());
      device.free(targets.rows());
      device.free(targets.tokens());
      scores.free(device);
      lm.giveBack(activations);
    }
    activations = null;
  }

  private void requireOpen() {
    if (activations == null) {
      throw new IllegalStateException("this forward pass is closed");
    }
  }

  /** Rows that are used, in rising order. */
  private int[] active(float[] dLogprob, float[] dEntropy) {
    return IntStream.range(0, rows.rows())
        .filter(row -> predicted.isUsed(row, dLogprob, dEntropy))
        .toArray();
  }
}
